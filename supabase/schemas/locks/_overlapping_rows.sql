-- Paths of the rows of coord.locks that overlap any of the given paths and may be held, each once: below a tree or a
-- glob the free ones, which may be many, are left out. For callers of _serialize_locks: only they make rows, so none is
-- missing.
create function coord._overlapping_rows(p_project_id integer, p_paths text[]) returns text[]
language plpgsql volatile
as $$
declare
  v_range record;
  v_below text[] := '{}';
  v_found text[] := coord._scopes_over(p_project_id, p_paths) || array(
    select l.path from coord.locks l where l.project_id = p_project_id and l.path = any (p_paths));
begin
  for v_range in select * from coord._scope_ranges(p_paths) loop
    v_below := v_below || array(
      select l.path from coord.locks l
      where l.project_id = p_project_id and l.path >= v_range.prefix and l.path < v_range.prefix || chr(1114111)
        and l.session_id is not null and (v_range.regex is null or l.path ~ v_range.regex)
        and l.path !~ '^(resource|label):'
      union
      select s.path from coord.lock_shares s
      where s.project_id = p_project_id and s.path >= v_range.prefix and s.path < v_range.prefix || chr(1114111)
        and (v_range.regex is null or s.path ~ v_range.regex) and s.path !~ '^(resource|label):');
  end loop;
  return array(select distinct f.path from unnest(v_found || v_below) f(path));
end
$$;
