-- A task in a list. blocked_by: why it will not go on by itself; dependencies that have failed or were cancelled.
create function coord._task_summary(p_task coord.tasks) returns jsonb
language sql stable
as $$
  select jsonb_build_object('task_id', p_task.task_id, 'type', p_task.type, 'title', p_task.title,
    'status', p_task.status, 'priority', p_task.priority, 'tags', p_task.tags, 'attempts', p_task.attempts,
    'max_attempts', p_task.max_attempts, 'agent', p_task.agent, 'assignee', (p_task.terms).assignee,
    'created_at', p_task.created_at,
    'blocked_by', coalesce(case when p_task.status = 'blocked' then (
      select jsonb_agg(jsonb_build_object('task_id', t.task_id, 'title', t.title, 'status', t.status) order by t.task_id)
      from coord.task_dependencies d
      join coord.tasks t on t.project_id = d.project_id and t.task_id = d.depends_on
      where d.project_id = p_task.project_id and d.task_id = p_task.task_id
        and t.status in ('failed', 'cancelled')) end, '[]'));
$$;
