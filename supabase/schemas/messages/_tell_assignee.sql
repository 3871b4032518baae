-- Tells an agent that a task is its to do, or (kind escalation) that one has failed for good that it is to look after.
create function coord._tell_assignee(p_task coord.tasks, p_kind text default 'task_assigned') returns void
language sql volatile
as $$
  select coord._inbox_add(p_task.project_id, (p_task.terms).assignee, null, p_kind,
    jsonb_build_object('from', p_task.submitted_by, 'task_id', p_task.task_id, 'type', p_task.type,
      'priority', p_task.priority, 'text', p_task.title)
    || case when p_kind = 'escalation'
      then jsonb_build_object('failed_task_id', p_task.input -> 'task_id') || p_task.input - 'task_id'
      else '{}' end,
    'task:' || p_task.task_id);
$$;
