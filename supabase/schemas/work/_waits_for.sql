-- Which tasks a task waits for: those that it depends on, and its subtasks; one that is done waits for nothing.
create function coord._waits_for(p_project_id integer, p_task_id uuid) returns table (waits_for uuid)
language sql stable
as $$
  select o.waits_for
  from coord.tasks t cross join lateral (
    select d.depends_on from coord.task_dependencies d where d.project_id = p_project_id and d.task_id = p_task_id
    union all
    select s.task_id from coord.subtasks s where s.project_id = p_project_id and s.parent_id = p_task_id
  ) o(waits_for)
  where t.project_id = p_project_id and t.task_id = p_task_id and t.status <> 'done';
$$;
