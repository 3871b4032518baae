-- A claimed task as get_work_batch hands it out.
create function coord._claim_of(p_task coord.tasks) returns jsonb
language sql stable
as $$
  select jsonb_build_object('claim_token', p_task.claim_token, 'claim_expires_at', p_task.claim_expires_at,
    'task', jsonb_build_object('task_id', p_task.task_id, 'type', p_task.type, 'title', p_task.title,
      'description', p_task.description, 'input', p_task.input, 'priority', p_task.priority, 'tags', p_task.tags,
      'attempt', p_task.attempts, 'max_attempts', p_task.max_attempts, 'last_error', p_task.error)
      || jsonb_strip_nulls(jsonb_build_object('paths', to_jsonb((p_task.terms).paths),
        'deadline', (p_task.terms).deadline, 'parent_id', (p_task.terms).parent_id)));
$$;
