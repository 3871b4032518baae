-- The rest of _claim, when special tasks are waiting, or nothing plain is: lets happen what is due, then locks the next
-- tasks that this session may take. When there are none, what the dead have is given back first, so that their tasks
-- are found even if no sweeper runs. With p_settles false it takes only what is ready.
-- Concurrency: to pick waits for nothing (see _pick_tasks), but may leave this transaction with the advisory lock of the
-- project's locks, for which others wait while they have tasks. To settle may have to wait for a task: 50 ms, then what
-- was begun is taken back, and left to the next call or to the sweeper.
create function coord._choose_tasks(
  p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer, p_settles boolean default true
) returns uuid[]
language plpgsql volatile
as $$
declare
  v_changed boolean := false;
  v_chosen uuid[];
begin
  if p_settles then
    perform coord._resume();
    begin
      perform set_config('lock_timeout', '50ms', true);
      perform coord._process_due(p_call.project_id, 100);
      perform set_config('lock_timeout', '0', true);
    exception when lock_not_available then null;
    end;
  end if;
  v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  if v_chosen <> '{}' or not p_settles then return v_chosen; end if;
  begin
    perform set_config('lock_timeout', '50ms', true);
    v_changed := (coord._sweep_tasks(p_call.project_id, 100)).changed;
    perform set_config('lock_timeout', '0', true);
  exception when lock_not_available then null;
  end;
  return case when v_changed then coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count) else v_chosen end;
end
$$;
