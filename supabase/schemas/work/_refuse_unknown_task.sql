-- What is said of a task that is not there, or is another project's.
create function coord._refuse_unknown_task(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', 'There is no such task.', 'See list_tasks for the tasks of this project.');
$$;
