-- Locks tasks that the caller has ended or may end, with their parents and their dependents, all in id order: so of two
-- who end tasks with some in common one waits for the other, and not each for the other. See the lock order in
-- table.sql, and _lock_tasks for why it is a join.
create function coord._lock_followers(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_all uuid[] := array(
    select u.task_id from unnest(p_task_ids) u(task_id)
    union
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id is not null
    union
    select d.task_id from coord.task_dependencies d
    where d.project_id = p_project_id and d.depends_on = any (p_task_ids));
begin
  perform from unnest(v_all) u(task_id) join coord.tasks t on t.project_id = p_project_id and t.task_id = u.task_id
  order by t.task_id for update of t;
end
$$;
