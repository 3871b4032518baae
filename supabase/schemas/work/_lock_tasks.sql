-- Locks tasks in the order of table.sql, which is that of their ids, in one statement.
-- Joined with the list and not compared with it: when a row was changed meanwhile, Postgres looks at its condition
-- again, and would go through a long list for each row.
create function coord._lock_tasks(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform from unnest(p_task_ids) u(task_id) join coord.tasks t on t.project_id = p_project_id and t.task_id = u.task_id
  order by t.task_id for update of t;
end
$$;
