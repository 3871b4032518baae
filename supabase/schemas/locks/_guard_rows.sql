-- Takes the rows that overlap the given paths out of the fast way: from now on their next holder is found by _take.
-- Concurrency: an UPDATE waits for the fast one that came first; who looks for blockers next sees it. Rows of the paths
-- themselves are locked in path order; those below a tree or a glob are met in the order of the index.
create function coord._guard_rows(p_project_id integer, p_paths text[]) returns void
language plpgsql volatile
as $$
declare
  v_scope record;
begin
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (p_paths) and not l.guarded
  order by l.path for update;
  update coord.locks l set guarded = true
  where l.project_id = p_project_id and l.path = any (p_paths) and not l.guarded;
  for v_scope in
    select coord._literal_prefix(p.path) collate "C" as prefix, coord._glob_regex(p.path) as regex
    from unnest(p_paths) p(path) where coord._is_scope(p.path)
  loop
    update coord.locks l set guarded = true
    where l.project_id = p_project_id and l.path >= v_scope.prefix and l.path < v_scope.prefix || chr(1114111)
      and not l.guarded and l.path ~ v_scope.regex and l.path !~ '^(resource|label):';
  end loop;
end
$$;
