-- Claims the next task for the calling session. When nothing is ready, claims that have lapsed are given back first,
-- so a dead worker's task is found even if no sweeper runs. Concurrency: see _claim_task.
create function coord.get_work(
  p_caller jsonb, p_types text[] default null, p_lease_seconds integer default 900, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work');
  v_claim jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_claim := coord._claim_task(v_call, p_types, p_lease_seconds);
  if v_claim is null then
    if coord._return_lapsed_claims(v_call.project_id, 100) > 0 then
      v_claim := coord._claim_task(v_call, p_types, p_lease_seconds);
    end if;
    if v_claim is null then
      return coord._leave(v_call,
        '{"claimed": false, "hint": "Nothing to claim now. Ask again later, or see get_task_board for what is blocked."}',
        p_kept => 'null');
    end if;
  end if;
  return coord._leave(v_call, v_claim, 'task:' || (v_claim #>> '{task,task_id}'));
end
$$;

grant execute on function coord.get_work to coord_app;
