-- Takes the rows that overlap the given paths out of the fast way: from now on their next holder is found by _take.
-- Concurrency: an UPDATE waits for the fast one that came first; who looks for blockers next sees it. All rows are locked
-- before, in path order and in one statement, as fast calls for several paths do; only callers, who have the advisory
-- lock, make rows or guard them, so none is missing. p_takes: whether the caller goes on to lock those that are held, too;
-- whoever only waits leaves them alone.
create function coord._guard_rows(p_project_id integer, p_paths text[], p_takes boolean) returns void
language plpgsql volatile
as $$
declare
  v_range record;
  v_held text[] := case when p_takes then coord._overlapping_rows(p_project_id, p_paths) end;
  v_rows text[] := array(
    select l.path from coord.locks l where l.project_id = p_project_id and l.path = any (p_paths) and not l.guarded);
begin
  for v_range in select * from coord._scope_ranges(p_paths) loop
    v_rows := v_rows || array(
      select l.path from coord.locks l
      where l.project_id = p_project_id and l.path >= v_range.prefix and l.path < v_range.prefix || chr(1114111)
        and not l.guarded and (v_range.regex is null or l.path ~ v_range.regex) and l.path !~ '^(resource|label):');
  end loop;
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (v_rows || v_held)
  order by l.path for update;
  update coord.locks l set guarded = true
  where l.project_id = p_project_id and l.path = any (v_rows) and not l.guarded;
end
$$;
