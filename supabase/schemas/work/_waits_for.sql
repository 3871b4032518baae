-- Which tasks a task waits for that are not done: those that it depends on, and its subtasks.
create function coord._waits_for(p_project_id integer, p_task_id uuid) returns table (waits_for uuid)
language sql stable
as $$
  select t.task_id
  from (
    select d.depends_on from coord.task_dependencies d where d.project_id = p_project_id and d.task_id = p_task_id
    union all
    select s.task_id from coord.subtasks s where s.project_id = p_project_id and s.parent_id = p_task_id
  ) o(task_id)
  join coord.tasks t on t.project_id = p_project_id and t.task_id = o.task_id
  where t.status <> 'done';
$$;
