-- A task in a list. Inlined into queries, so that it costs only the columns that it shows.
create function coord._task_summary(p_task coord.tasks) returns jsonb
language sql stable
as $$
  select jsonb_build_object('task_id', p_task.task_id, 'type', p_task.type, 'title', p_task.title,
    'status', p_task.status, 'priority', p_task.priority, 'tags', p_task.tags, 'attempts', p_task.attempts,
    'max_attempts', p_task.max_attempts, 'agent', p_task.agent, 'assignee', (p_task.terms).assignee,
    'created_at', p_task.created_at,
    'blocked_by', case when p_task.status = 'blocked' then coord._dead_dependencies(p_task.project_id, p_task.task_id)
      else '[]' end);
$$;
