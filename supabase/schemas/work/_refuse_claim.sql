-- Says why a write that names a claim was not accepted. Changes nothing but the journal.
create function coord._refuse_claim(p_call coord._call, p_task_id uuid, p_claim_token bigint) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_reason text;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse(p_call, 'not_found', 'There is no such task.', 'Use the task_id that get_work answered.');
  end if;
  v_reason := case
    when v_task.status in ('done', 'failed', 'cancelled') then 'finished'
    when v_task.status <> 'claimed' then 'not_claimed'
    when v_task.claim_token <> p_claim_token then 'stale_token'
    when v_task.claim_session_id <> p_call.session_id then 'claimed_by_other'
    -- There is no other reason left. They may have ended since the call looked.
    when v_task.claim_expires_at > clock_timestamp() then 'open_subtasks'
    else 'lapsed'
  end;
  return coord._refuse(p_call, 'conflict',
    case v_reason
      when 'finished' then format('The task is %s already.', v_task.status)
      when 'not_claimed' then format('Nobody has claimed the task; it is %s.', v_task.status)
      when 'lapsed' then 'Your claim has lapsed.'
      when 'stale_token' then case when p_claim_token > v_task.claim_token
        then 'This token was never given for the task.' else 'The claim has passed on: this token is not the current one.' end
      when 'open_subtasks' then case when (v_task.terms).open_subtasks > 0
        then format('%s subtasks have not ended.', (v_task.terms).open_subtasks) else 'The last subtask ended just now.' end
      else format('%s has claimed the task, and this is another session.', v_task.agent)
    end,
    case when v_reason = 'claimed_by_other' then
        'Call from the session that claimed it (on the command line: --agent); if that is not yours, stop working on it.'
      when v_reason = 'stale_token' and p_claim_token > v_task.claim_token
        then 'Use the claim_token that get_work answered with this task.'
      when v_reason = 'open_subtasks' then 'See list_tasks with parent_id; finish or cancel them, then report again.'
      else 'Stop working on it and call get_work for the next task.' end,
    jsonb_build_object('reason', v_reason), 'task:' || p_task_id);
end
$$;
