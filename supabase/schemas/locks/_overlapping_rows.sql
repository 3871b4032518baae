-- Paths of the rows of coord.locks that overlap any of the given paths and may be held: below a tree or a glob the free
-- ones, which may be many, are left out. For callers of _serialize_locks: only they make rows, so none is missing.
create function coord._overlapping_rows(p_project_id integer, p_paths text[]) returns text[]
language plpgsql volatile
as $$
declare
  v_scope record;
  v_found text[] := coord._scopes_over(p_project_id, p_paths) || array(
    select l.path from coord.locks l where l.project_id = p_project_id and l.path = any (p_paths));
begin
  for v_scope in
    select coord._literal_prefix(p.path) collate "C" as prefix, coord._glob_regex(p.path) as regex
    from unnest(p_paths) p(path) where coord._is_scope(p.path)
  loop
    v_found := v_found || array(
      select l.path from coord.locks l
      where l.project_id = p_project_id and l.path >= v_scope.prefix and l.path < v_scope.prefix || chr(1114111)
        and l.session_id is not null and l.path ~ v_scope.regex and l.path !~ '^(resource|label):'
      union
      select s.path from coord.lock_shares s
      where s.project_id = p_project_id and s.path >= v_scope.prefix and s.path < v_scope.prefix || chr(1114111)
        and s.path ~ v_scope.regex and s.path !~ '^(resource|label):');
  end loop;
  return v_found;
end
$$;
