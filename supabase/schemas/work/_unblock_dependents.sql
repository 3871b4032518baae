-- Counts tasks that are done off their dependents, and answers, for each of these tasks on which one waited last, how
-- many are no longer blocked. Those that have failed or were cancelled are counted down, too, in case they are retried.
-- Concurrency: the caller has written the tasks before, and whoever submits a dependent locks its tasks first, so
-- either the dependent is seen here or it has seen the task as done. The caller has locked the dependents (see
-- _lock_followers). They are collected before: what a join of both tables costs depends on what Postgres happens to
-- know of them.
create function coord._unblock_dependents(p_project_id integer, p_task_ids uuid[])
returns table (task_id uuid, unblocked bigint)
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_done integer[];
  v_last uuid[];
begin
  select array_agg(w.task_id), array_agg(w.done), array_agg(w.last_id) into v_ids, v_done, v_last
  from (
    select d.task_id, count(*)::integer as done, (array_agg(d.depends_on order by d.depends_on desc))[1] as last_id
    from coord.task_dependencies d where d.project_id = p_project_id and d.depends_on = any (p_task_ids)
    group by d.task_id) w;
  return query
    with counted as (
      update coord.tasks t set unmet = t.unmet - n.done, status = n.status,
        due_at = coord._due_at(n.status, (t.terms).run_after, (t.terms).deadline)
      from (
        select d.task_id, w.done, w.last_id, d.status, case when d.status <> 'blocked' or d.unmet > w.done then d.status
            when (d.terms).run_after > clock_timestamp() then 'scheduled' else 'ready' end
        from unnest(v_ids, v_done, v_last) w(task_id, done, last_id)
        join coord.tasks d on d.project_id = p_project_id and d.task_id = w.task_id
      ) n(task_id, done, last_id, was, status)
      where t.project_id = p_project_id and t.task_id = n.task_id and t.status = n.was
      returning n.last_id, n.was <> n.status as unblocked
    )
    select c.last_id, count(*) filter (where c.unblocked) from counted c group by c.last_id;
end
$$;
