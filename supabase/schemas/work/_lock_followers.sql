-- Locks tasks that are done, or are about to be, with their parents and their dependents, which all have to be told. See
-- _lock_tasks.
create function coord._lock_followers(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform coord._lock_tasks(p_project_id, array(
    select u.task_id from unnest(p_task_ids) u(task_id)
    union
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id is not null
    union
    select d.task_id from coord.task_dependencies d
    where d.project_id = p_project_id and d.depends_on = any (p_task_ids)));
end
$$;
