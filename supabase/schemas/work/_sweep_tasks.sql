-- What time does to the tasks of a project: claims of the dead come back, tasks of assignees that are gone become free,
-- due ones become ready or fail. In batches of p_limit, each set-based; see there. changed: whether there was anything;
-- more: whether there may be more of it.
-- Claims come last: they free paths under the advisory lock, and nothing may wait for a task after that. Waits 50 ms
-- for it; then claims are left to the next call: others may wait for locks that the caller holds.
create function coord._sweep_tasks(
  p_project_id integer, p_limit integer, out returned_tasks integer, out changed boolean, out more boolean
)
language plpgsql volatile set lock_timeout = '50ms'
as $$
declare
  v_freed integer;
  v_due integer;
begin
  v_freed := coord._unassign_vanished(p_project_id, p_limit);
  v_due := coord._process_due(p_project_id, p_limit);
  begin
    returned_tasks := coord._return_lapsed_claims(p_project_id, p_limit);
  exception when lock_not_available then
    returned_tasks := 0;
  end;
  changed := v_freed + v_due + returned_tasks > 0;
  more := greatest(v_due, returned_tasks) >= p_limit;
end
$$;
