-- Fails the tasks that depend on these, however far, and wish to fail with them; which ones.
-- Concurrency: each round takes all of them in id order, and goes on until none is found, so that one submitted meanwhile
-- is not missed. Guarded by status: a task fails once.
create function coord._cascade(p_project_id integer, p_task_ids uuid[]) returns uuid[]
language plpgsql volatile
as $$
declare
  v_failed uuid[] := '{}';
  v_next uuid[];
begin
  loop
    v_next := array(
      with recursive doomed (task_id) as (
        select e.task_id from unnest(p_task_ids || v_failed) e(task_id)
        union
        select t.task_id from doomed c
        join coord.task_dependencies d on d.project_id = p_project_id and d.depends_on = c.task_id
        join coord.tasks t on t.project_id = p_project_id and t.task_id = d.task_id
        where t.status = 'blocked' and (t.terms).on_dependency_failure = 'cascade'
      )
      select c.task_id from doomed c where c.task_id <> all (p_task_ids || v_failed) order by 1);
    if v_next = '{}' then return v_failed; end if;
    perform from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_next)
      order by t.task_id for update;
    update coord.tasks t set status = 'failed', due_at = null, finished_at = clock_timestamp(),
      trail = t.trail || pg_current_xact_id(),
      error = 'A task that it depends on failed or was cancelled.'
    where t.project_id = p_project_id and t.task_id = any (v_next) and t.status = 'blocked';
    insert into coord.journal (project_id, operation, resource, outcome)
    select p_project_id, 'sweep', 'task:' || n.task_id, 'dependency_failed' from unnest(v_next) n(task_id);
    v_failed := v_failed || v_next;
  end loop;
end
$$;
