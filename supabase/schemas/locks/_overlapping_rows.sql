-- Paths of the rows of coord.locks that overlap any of the given paths, held or not. For callers of _serialize_locks:
-- only they make rows, so no row is missing from the answer.
create function coord._overlapping_rows(p_project_id integer, p_paths text[]) returns text[]
language plpgsql volatile
as $$
declare
  v_scope record;
  v_found text[] := array(
    select l.path from coord.locks l where l.project_id = p_project_id and l.path = any (p_paths)
    union
    select c.path from coord.lock_scopes c
    where c.project_id = p_project_id and exists (select from unnest(p_paths) p(path) where coord._overlaps(c.path, p.path)));
begin
  for v_scope in
    select nullif(substring(p.path from '^[^*?]*'), './') collate "C" as prefix, coord._glob_regex(p.path) as regex
    from unnest(p_paths) p(path) where coord._is_scope(p.path)
  loop
    v_found := v_found || array(
      select l.path from coord.locks l
      where l.project_id = p_project_id and l.path >= coalesce(v_scope.prefix, '')
        and l.path < coalesce(v_scope.prefix, '') || chr(1114111)
        and l.path ~ v_scope.regex and l.path !~ '^(resource|label):' and l.path <> all (v_found));
  end loop;
  return v_found;
end
$$;
