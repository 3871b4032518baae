-- Takes the rows that overlap the given paths out of the fast way: from now on their next holder is found by _take.
-- Concurrency: they are locked in path order; a fast UPDATE that came first is seen by whoever looks for blockers next.
create function coord._guard_rows(p_project_id integer, p_paths text[]) returns void
language plpgsql volatile
as $$
declare
  v_rows text[] := coord._overlapping_rows(p_project_id, p_paths);
begin
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (v_rows) and not l.guarded
  order by l.path for update;
  update coord.locks l set guarded = true
  where l.project_id = p_project_id and l.path = any (v_rows) and not l.guarded;
end
$$;
