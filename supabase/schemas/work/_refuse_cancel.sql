-- Why the caller may not cancel a task, as a refusal; null when he may.
create function coord._refuse_cancel(p_call coord._call, p_task_id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_call.project_id and t.task_id = p_task_id;
  if not found then
    return coord._refuse_unknown_task(p_call);
  elsif v_task.submitted_by <> p_call.agent and coord._trust(p_call) < 3 then
    return coord._refuse(p_call, 'forbidden',
      format('The task was submitted by %s; to cancel it needs trust 3.', v_task.submitted_by),
      'Ask the submitter, or an administrator.', '{"reason": "insufficient_trust_level"}', 'task:' || p_task_id);
  elsif v_task.status in ('done', 'failed', 'cancelled') then
    return coord._refuse(p_call, 'conflict', format('The task is %s already.', v_task.status),
      'Nothing is left to cancel.',
      '{"reason": "finished"}', 'task:' || p_task_id);
  end if;
  return null;
end
$$;
