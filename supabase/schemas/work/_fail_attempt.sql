-- complete_work of an attempt that failed: the task rests, is ready again, or has failed for good.
-- Concurrency: the row is locked under the same guard as a success, so of two reports one is accepted; the last attempt
-- with what it takes along.
create function coord._fail_attempt(
  p_call coord._call, p_task_id uuid, p_claim_token bigint, p_result jsonb, p_error text,
  p_next coord._call
) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_is_last boolean;
begin
  -- Who has not the claim keeps nobody waiting.
  select (t.terms).retry = 'none' or t.attempts >= t.max_attempts into v_is_last
  from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id
    and t.claim_token = p_claim_token and t.status = 'claimed' and t.claim_session_id = p_call.session_id;
  if not found then return coord._refuse_claim(p_call, p_task_id, p_claim_token); end if;
  if v_is_last then perform coord._lock_before_end(p_call.project_id, array[p_task_id]); end if;
  update coord.tasks t set result = p_result
  where t.project_id = p_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = p_call.session_id and t.claim_expires_at > clock_timestamp();
  if not found then
    return coord._refuse_claim(p_call, p_task_id, p_claim_token);
  end if;
  perform coord._return_claims(p_call.project_id, array[p_task_id], array[p_claim_token],
    coalesce(p_error, 'failed'), p_count_attempts => true, p_waits => true);
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  return coord._leave_and_claim(p_call, jsonb_strip_nulls(jsonb_build_object('status', v_task.status,
      'attempts_left', case when v_task.status = 'failed' then 0
        else v_task.max_attempts - v_task.attempts end, 'unblocked', 0,
      'run_after', case when v_task.status = 'scheduled' then (v_task.terms).run_after end)),
    'task:' || p_task_id, jsonb_build_object('status', v_task.status, 'error', left(v_task.error, 500)),
    p_next, v_task.lease_seconds);
end
$$;
