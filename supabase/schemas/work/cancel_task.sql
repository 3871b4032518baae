-- Ends a task that nobody needs any more. Who submitted it may do so, others with trust 3. If somebody works on it,
-- that session is told with its next call, and its token is void.
-- Concurrency: the row is locked before it is looked at, in the order of table.sql; the status in the WHERE lets one of
-- two callers do it.
create function coord.cancel_task(p_caller jsonb, p_task_id uuid, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'cancel_task');
  v_task coord.tasks;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_before_end(v_call.project_id, array[p_task_id]);
  select t.* into v_task from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id for update;
  if not found then
    return coord._refuse_unknown_task(v_call);
  elsif v_task.submitted_by <> v_call.agent and coord._trust(v_call) < 3 then
    return coord._refuse(v_call, 'forbidden',
      format('The task was submitted by %s; to cancel it needs trust 3.', v_task.submitted_by),
      'Ask the submitter, or an administrator.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_task.status in ('done', 'failed', 'cancelled') then
    return coord._refuse(v_call, 'conflict', format('The task is %s already.', v_task.status),
      'Nothing is left to cancel.',
      '{"reason": "finished"}', 'task:' || p_task_id);
  end if;
  update coord.tasks t set status = 'cancelled', finished_at = clock_timestamp(), error = coalesce(p_reason, 'cancelled'),
    due_at = null, claim_token = t.claim_token + 1, claim_session_id = null, claim_expires_at = null,
    trail = t.trail || pg_current_xact_id()
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.status = v_task.status;
  if v_task.status = 'claimed' then
    perform coord._notify(v_call.project_id, v_task.claim_session_id, jsonb_build_object('kind', 'task_cancelled',
      'message', format('The task %s was cancelled by %s: stop working on it.',
        quote_literal(left(v_task.title, 100)), v_call.agent),
      'task_id', p_task_id));
  end if;
  perform coord._follow_failures(v_call.project_id, array[p_task_id], p_waits => true);
  if v_task.status = 'claimed' and (v_task.terms).paths is not null then
    perform coord._free_task_paths(v_call.project_id, v_task.claim_session_id, p_task_id);
  end if;
  return coord._leave(v_call, jsonb_build_object('cancelled', true, 'was', v_task.status), 'task:' || p_task_id,
    jsonb_build_object('was', v_task.status, 'reason', left(p_reason, 500)));
end
$$;

grant execute on function coord.cancel_task to coord_app;
