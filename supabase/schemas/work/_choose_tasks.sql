-- The rest of _claim, when special tasks are waiting, or nothing plain is: lets happen what is due, then locks the next
-- tasks that this session may take. When there are none, what the dead have is given back first, so that their tasks
-- are found even if no sweeper runs. With p_settles false it takes only what is ready.
-- Concurrency: to pick waits for nothing (see _pick_tasks), but may leave this transaction with the advisory lock of
-- the project's locks, for which others wait while they have tasks. So what is settled waits for a moment only.
create function coord._choose_tasks(
  p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer, p_settles boolean default true
) returns uuid[]
language plpgsql volatile
as $$
declare
  v_chosen uuid[];
begin
  if p_settles then
    perform coord._resume();
    perform coord._process_due(p_call.project_id, 100);
  end if;
  v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  if p_settles and v_chosen = '{}' and (coord._sweep_tasks(p_call.project_id, 100)).changed then
    v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  end if;
  return v_chosen;
end
$$;
