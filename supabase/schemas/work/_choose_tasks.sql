-- The rest of get_work, when special tasks are waiting, or nothing plain is: lets happen what is due, then locks the next
-- tasks that this session may take. When there are none, what the dead have is given back first, so that their tasks
-- are found even if no sweeper runs. Concurrency: see _pick_tasks; nothing here waits for a row.
create function coord._choose_tasks(p_call coord._call, p_types text[], p_lease_seconds integer, p_count integer)
returns uuid[]
language plpgsql volatile
as $$
declare
  v_chosen uuid[];
begin
  perform coord._resume();
  perform coord._process_due(p_call.project_id, 100);
  v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  if v_chosen = '{}' and (coord._sweep_tasks(p_call.project_id, 100)).changed then
    v_chosen := coord._pick_tasks(p_call, p_types, p_lease_seconds, p_count);
  end if;
  return v_chosen;
end
$$;
