-- Counts a task that is done off its dependents; how many of them are no longer blocked.
-- Those that have failed or were cancelled are counted down, too, in case they are retried.
-- Concurrency: the caller has written the task before, and whoever submits a dependent locks the task first, so either
-- the dependent is seen here or it has seen the task as done. Dependents are locked in id order.
create function coord._unblock_dependents(p_project_id integer, p_task_id uuid) returns integer
language plpgsql volatile
as $$
declare
  v_dependents uuid[] := array(
    select d.task_id from coord.task_dependencies d where d.project_id = p_project_id and d.depends_on = p_task_id
    order by d.depends_on, d.task_id);
  v_unblocked integer;
begin
  perform from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_dependents)
  order by t.task_id for update;
  with counted as (
    update coord.tasks t set unmet = t.unmet - 1, status = n.status,
      due_at = coord._due_at(n.status, (t.terms).run_after, (t.terms).deadline)
    from (
      select d.task_id, d.status, case when d.status <> 'blocked' or d.unmet > 1 then d.status
          when (d.terms).run_after > clock_timestamp() then 'scheduled' else 'ready' end
      from coord.tasks d where d.project_id = p_project_id and d.task_id = any (v_dependents)
    ) n(task_id, was, status)
    where t.project_id = p_project_id and t.task_id = n.task_id and t.status = n.was
    returning n.was <> n.status as unblocked
  )
  select count(*) into v_unblocked from counted c where c.unblocked;
  return v_unblocked;
end
$$;
