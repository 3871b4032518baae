-- Locks those of these tasks that are blocked or have open subtasks, with what follows them: who ends them all the same
-- must not hold one and then ask for its parent or dependents. See the lock order in table.sql.
create function coord._lock_before_end(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_task_ids uuid[] := array(
    select t.task_id from coord.tasks t where t.project_id = p_project_id and t.task_id = any (p_task_ids)
      and (t.status = 'blocked' or (t.terms).open_subtasks > 0));
begin
  if v_task_ids <> '{}' then perform coord._lock_followers(p_project_id, v_task_ids); end if;
end
$$;
