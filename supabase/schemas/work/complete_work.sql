-- Ends a claim: done, or failed, in which case another attempt follows while some are left.
-- Concurrency: one guarded UPDATE; task, token, status, session and lease must all still match, so one completion is
-- accepted, ever. Dependents are locked in id order and counted down after it, in the same transaction.
create function coord.complete_work(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_success boolean default true, p_result jsonb default null,
  p_error text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'complete_work');
  v_status text;
  v_attempts_left integer;
  v_unblocked integer := 0;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.tasks t set
    status = case when p_success then 'done' when t.attempts < t.max_attempts then 'ready' else 'failed' end,
    finished_at = case when p_success or t.attempts >= t.max_attempts then clock_timestamp() end,
    result = p_result, error = case when p_success then null else coalesce(p_error, 'failed') end,
    claim_session_id = null, claim_expires_at = null
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()
  returning t.status, t.max_attempts - t.attempts into v_status, v_attempts_left;
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  if v_status = 'done' then
    v_unblocked := coord._unblock_dependents(v_call.project_id, p_task_id);
  end if;
  return coord._leave(v_call,
    jsonb_build_object('status', v_status, 'attempts_left', case when v_status = 'done' then 0 else v_attempts_left end,
      'unblocked', v_unblocked),
    'task:' || p_task_id, jsonb_build_object('status', v_status));
end
$$;

grant execute on function coord.complete_work to coord_app;
