-- Why the caller may not bring a task back, as a refusal; null when he may. See retry_task.
create function coord._refuse_retry(p_call coord._call, p_task_id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_canceller text;
  v_parent text;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse_unknown_task(p_call);
  end if;
  v_parent := (select p.status from coord.tasks p
    where p.project_id = p_call.project_id and p.task_id = (v_task.terms).parent_id);
  if v_task.status = 'cancelled' then
    select j.agent into v_canceller from coord.journal j
    where j.project_id = p_call.project_id and j.xact_id = v_task.trail[cardinality(v_task.trail)]
      and j.operation = 'cancel_task' and j.resource = 'task:' || p_task_id;
    v_canceller := coalesce(v_canceller, 'somebody');
  end if;
  if v_task.submitted_by <> p_call.agent and coord._trust(p_call) < 3
    and (v_task.status = 'cancelled' or (v_task.terms).parent_id is not null)
  then
    return coord._refuse(p_call, 'forbidden',
      format('The task was submitted by %s; to bring it back needs trust 3.', v_task.submitted_by),
      'Ask the submitter, or an administrator.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_canceller <> p_call.agent and coord._trust(p_call) < 3 then
    return coord._refuse(p_call, 'forbidden',
      format('The task was cancelled by %s; to bring it back needs trust 3.', v_canceller),
      'Ask an administrator, or submit it anew.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_task.status not in ('failed', 'cancelled') then
    return coord._refuse(p_call, 'conflict', format('The task is %s: only failed and cancelled ones are retried.',
      v_task.status),
      'Look at it with get_task.', '{"reason": "not_failed"}', 'task:' || p_task_id);
  elsif v_parent = 'done' then
    return coord._refuse(p_call, 'conflict', 'Its parent is done, and waited for it no longer.',
      'Submit it anew, without a parent.', '{"reason": "finished"}', 'task:' || p_task_id);
  elsif (v_task.terms).deadline <= clock_timestamp() then
    return coord._refuse(p_call, 'conflict', 'The deadline of the task has passed.', 'Submit it anew.',
      '{"reason": "deadline_passed"}', 'task:' || p_task_id);
  end if;
  return null;
end
$$;
