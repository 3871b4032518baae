-- A task with nothing in it but its id and what the columns default to.
create function coord._blank_task(p_project_id integer, p_submitted_by text) returns coord.tasks
language sql volatile
as $$
  select jsonb_populate_record(null::coord.tasks, jsonb_build_object(
    'project_id', p_project_id, 'task_id', coord._new_id(), 'submitted_by', p_submitted_by,
    'created_at', clock_timestamp(),
    'type', 'task', 'priority', 5, 'tags', '[]'::jsonb, 'status', 'ready', 'unmet', 0,
    'attempts', 0, 'max_attempts', 3, 'claim_token', 0, 'trail', jsonb_build_array(pg_current_xact_id()::text),
    'terms', '{}'::jsonb));
$$;
