-- Fails the tasks that depend on these, however far, and wish to fail with them; which ones. At most 500 in one call,
-- so that no call takes long: what is left is due at once, and _process_due goes on with it.
-- Concurrency: whoever waits for others has locked all of them before, see _lock_before_end; each round takes what was
-- submitted meanwhile, in id order, with its parents, which the caller counts off afterwards, and goes on until none is
-- found. Guarded by status: a task fails once.
-- With p_waits false, for what time does, it waits for none of them, so that whoever holds some keeps nothing else from
-- failing: what it cannot have now, or whose parent, is due again a second later. Then the caller has the parents of
-- p_task_ids.
create function coord._cascade(p_project_id integer, p_task_ids uuid[], p_waits boolean) returns uuid[]
language plpgsql volatile
as $$
declare
  v_failed uuid[] := '{}';
  v_next uuid[];
  v_had uuid[];
  v_busy uuid[] := '{}';
begin
  loop
    v_next := coord._doomed(p_project_id, p_task_ids, v_failed, v_busy);
    exit when v_next = '{}';
    if p_waits then
      perform coord._lock_tasks(p_project_id, v_next || array(
        select (c.terms).parent_id from coord.tasks c where c.project_id = p_project_id
          and c.task_id = any (v_next) and (c.terms).parent_id is not null));
    else
      v_had := array(
        select t.task_id from coord.tasks t
        cross join lateral (
          select p.task_id from coord.tasks p
          where p.project_id = p_project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
          limit 1 for update skip locked) p
        where t.project_id = p_project_id and t.task_id = any (v_next)
        for update of t skip locked);
      v_busy := v_busy || array(select n.task_id from unnest(v_next) n(task_id) where n.task_id <> all (v_had));
      v_next := v_had;
    end if;
    with failed as (
      update coord.tasks t set status = 'failed', due_at = null, finished_at = clock_timestamp(),
        trail = t.trail || pg_current_xact_id(),
        error = 'A task that it depends on failed or was cancelled.'
      where t.project_id = p_project_id and t.task_id = any (v_next) and t.status = 'blocked'
      returning t.task_id
    )
    select coalesce(array_agg(f.task_id order by f.task_id), '{}') into v_next from failed f;
    -- Others have ended all of them meanwhile; there may be more.
    continue when v_next = '{}';
    insert into coord.journal (project_id, operation, resource, outcome)
    select p_project_id, 'sweep', 'task:' || n.task_id, 'dependency_failed' from unnest(v_next) n(task_id);
    v_failed := v_failed || v_next;
  end loop;
  if cardinality(v_failed) < 500 and v_busy = '{}' then return v_failed; end if;
  update coord.tasks t
  set due_at = clock_timestamp() + case when v_busy = '{}' then interval '0 s' else interval '1 s' end
  where t.project_id = p_project_id and t.task_id = any (p_task_ids || v_failed) and t.status in ('failed', 'cancelled')
    and exists (
      select from coord.task_dependencies d join coord.tasks n on n.project_id = d.project_id and n.task_id = d.task_id
      where d.project_id = p_project_id and d.depends_on = t.task_id and n.status = 'blocked'
        and (n.terms).on_dependency_failure = 'cascade');
  return v_failed;
end
$$;
