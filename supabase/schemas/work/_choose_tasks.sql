-- The rest of _claim, when special tasks are waiting, or nothing plain is: lets happen what is due, then locks the next
-- tasks that this session may take. When there are none, what the dead have is given back first, so that their tasks
-- are found even if no sweeper runs. With p_settles false it takes only what is ready.
-- Concurrency: see _pick_tasks, which waits for no task, and may leave this transaction with the advisory lock of the
-- project's locks. Others wait for that one while they have tasks, so that the sweep behind it waits 50 ms for a task
-- only; then the call fails with 55P03, which core repeats.
create function coord._choose_tasks(
  p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer, p_settles boolean default true
) returns uuid[]
language plpgsql volatile
as $$
declare
  v_timeout text := current_setting('lock_timeout');
  v_changed boolean;
  v_chosen uuid[];
begin
  if p_settles then
    perform coord._resume();
    perform coord._process_due(p_call.project_id, 100);
  end if;
  v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  if v_chosen <> '{}' or not p_settles then return v_chosen; end if;
  perform set_config('lock_timeout', '50ms', true);
  v_changed := (coord._sweep_tasks(p_call.project_id, 100)).changed;
  perform set_config('lock_timeout', v_timeout, true);
  return case when v_changed then coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count) else v_chosen end;
end
$$;
