-- Ends a task that nobody needs any more. Who submitted it may do so, others with trust 3. If somebody works on it,
-- that session is told with its next call, and its token is void.
-- Concurrency: who may not is refused before anything is locked, so that he keeps nobody waiting; then it is looked at
-- once more, under its lock and those of all that fail with it (see _lock_before_end). The status in the WHERE lets one
-- of two callers do it.
create function coord.cancel_task(p_caller jsonb, p_task_id uuid, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'cancel_task');
  v_task coord.tasks;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_call.answer := coord._refuse_cancel(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_before_end(v_call.project_id, array[p_task_id]);
  select t.* into v_task from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id for update;
  v_call.answer := coord._refuse_cancel(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
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
