-- Locks tasks in the order of table.sql: those that may end now by id, then all others by id, and ended ones with them,
-- which whoever ends a blocked task has among its dependents.
-- Joined with the list and not compared with it: when a row was changed meanwhile, Postgres looks at its condition
-- again, and would go through a long list for each row.
create function coord._lock_tasks(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_first uuid[];
begin
  v_first := array(
    select t.task_id from unnest(p_task_ids) u(task_id)
    join coord.tasks t on t.project_id = p_project_id and t.task_id = u.task_id
    where t.status in ('ready', 'scheduled', 'claimed') and coalesce((t.terms).open_subtasks, 0) = 0
    order by t.task_id for update of t);
  perform from (select n.task_id from unnest(p_task_ids) n(task_id) except select unnest(v_first)) u
  join coord.tasks t on t.project_id = p_project_id and t.task_id = u.task_id
  order by t.task_id for update of t;
end
$$;
