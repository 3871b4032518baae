-- What time does to the tasks of a project: claims of the dead come back, tasks of assignees that are gone become free,
-- due ones become ready or fail. In batches of p_limit, each set-based; see there. changed: whether there was anything;
-- more: whether there may be more of it.
-- Claims with paths come last: they free these under the advisory lock, and nothing may wait for a task after that.
-- Waits p_patience for it; then they are left to the next call: others may wait for locks that the caller holds.
create function coord._sweep_tasks(
  p_project_id integer, p_limit integer, p_patience text default '50ms',
  out returned_tasks integer, out changed boolean, out more boolean
)
language plpgsql volatile set lock_timeout = '50ms'
as $$
declare
  v_freed integer;
  v_due integer;
  v_with_paths integer := 0;
begin
  v_freed := coord._unassign_vanished(p_project_id, p_limit);
  v_due := coord._process_due(p_project_id, p_limit);
  returned_tasks := coord._return_lapsed_claims(p_project_id, p_limit, false);
  begin
    perform set_config('lock_timeout', p_patience, true);
    v_with_paths := coord._return_lapsed_claims(p_project_id, p_limit, true);
  exception when lock_not_available then null;
  end;
  more := greatest(v_due, returned_tasks, v_with_paths) >= p_limit;
  returned_tasks := returned_tasks + v_with_paths;
  changed := v_freed + v_due + returned_tasks > 0;
end
$$;
