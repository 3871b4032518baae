-- Ends a claim: done, or a failed attempt, which others follow while some are left (see _fail_attempt).
-- Concurrency: one guarded UPDATE; task, token, status, session and lease must all still match, and no subtask be open,
-- so one completion is accepted, ever. What depends on the task follows in the same transaction, and so does the claim
-- of the next one (see _leave_and_claim). For enable_seqscan see _claim.
create function coord.complete_work(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_success boolean default true, p_result jsonb default null,
  p_error text default null, p_claim_next boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'complete_work');
  -- Before anything is locked: to enter may lock the session.
  v_next coord._call := case when p_claim_next and v_call.answer is null
    then coord._enter(p_caller - '{idempotency_key,input}'::text[], 'get_work') end;
  v_is_special boolean;
  v_lease_seconds integer;
  v_answer jsonb := '{"status": "done", "attempts_left": 0, "unblocked": 0}';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if not p_success or p_error is not null then
    if p_success then
      return coord._refuse(v_call, 'invalid_input', 'error: says what went wrong, so success must be false',
        'Send success: false for an attempt that failed, or leave error out.');
    end if;
    return coord._fail_attempt(v_call, p_task_id, p_claim_token, p_result, p_error, v_next);
  end if;
  -- Parents, and older dependents, come before the task: see table.sql.
  perform from coord.tasks t
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id
    and ((t.terms).parent_id is not null or (
      select d.task_id from coord.task_dependencies d
      where d.project_id = v_call.project_id and d.depends_on = any (array[p_task_id])
      order by d.depends_on, d.task_id limit 1) < p_task_id);
  if found then perform coord._lock_followers(v_call.project_id, array[p_task_id]); end if;
  update coord.tasks t set status = 'done', finished_at = clock_timestamp(), result = p_result, error = null,
    claim_session_id = null, claim_expires_at = null, trail = t.trail || pg_current_xact_id()
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()
    and coalesce((t.terms).open_subtasks, 0) = 0
  returning t.lane is not null, t.lease_seconds into v_is_special, v_lease_seconds;
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  -- As a list, and ordered as its index is: else many tasks that wait for one let Postgres hope to meet a dependent at
  -- once, and read all.
  perform from coord.task_dependencies d where d.project_id = v_call.project_id and d.depends_on = any (array[p_task_id])
  order by d.depends_on, d.task_id limit 1;
  if found or v_is_special then
    v_answer := v_answer || jsonb_build_object('unblocked', coord._follow_completion(v_call, p_task_id));
  end if;
  if p_claim_next then
    return coord._leave_and_claim(v_call, v_answer, 'task:' || p_task_id, '{"status": "done"}', v_next, v_lease_seconds);
  end if;
  return coord._leave(v_call, v_answer, 'task:' || p_task_id, '{"status": "done"}');
end
$$;

grant execute on function coord.complete_work to coord_app;
