-- Lets happen what is due to tasks of a project: scheduled ones become ready, those past their deadline fail, and those
-- that failed with more dependents than could fail then (see _cascade) have more of them fail. How many there were, at
-- most p_limit of each status: the half of them that waited longest, and the half that did shortest, so that whoever has
-- very many due does not keep others waiting for all of them.
-- Concurrency: it waits for nobody, because the caller may hold what others wait for. Rows that somebody has locked are
-- left for the next time, and so are those whose parents somebody has, which may have to be told; the status is looked
-- at under the lock and again in the UPDATE, so of two callers one does it. A parent is looked up by its id, whatever the
-- planner expects; a task without one stands for it itself.
create function coord._process_due(p_project_id integer, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  -- So that it is looked up in the index, which what changes from row to row cannot be.
  v_now constant timestamptz := clock_timestamp();
  v_statuses constant text[] := array['scheduled', 'ready', 'blocked', 'failed', 'cancelled'];
  v_due uuid[];
  v_dead uuid[];
  v_late uuid[];
  v_count integer;
begin
  select array_agg(d.task_id) filter (where d.status in ('failed', 'cancelled')),
    array_agg(d.task_id) filter (where d.status not in ('failed', 'cancelled') and d.deadline <= v_now),
    array_agg(d.task_id) filter (where d.status = 'scheduled' and coalesce(d.deadline, 'infinity') > v_now)
    into v_dead, v_late, v_due
  from (
    select d.* from unnest(v_statuses) s(status)
    cross join lateral (
      select t.task_id, t.status, (t.terms).deadline from coord.tasks t
      cross join lateral (
        select p.task_id from coord.tasks p
        where p.project_id = p_project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
        limit 1 for update skip locked) p
      where t.project_id = p_project_id and t.status = s.status and t.due_at <= v_now and t.status <> 'done'
      order by t.due_at, t.task_id limit p_limit / 2 for update of t skip locked) d
    union
    select d.* from unnest(v_statuses) s(status)
    cross join lateral (
      select t.task_id, t.status, (t.terms).deadline from coord.tasks t
      cross join lateral (
        select p.task_id from coord.tasks p
        where p.project_id = p_project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
        limit 1 for update skip locked) p
      where t.project_id = p_project_id and t.status = s.status and t.due_at <= v_now and t.status <> 'done'
      order by t.due_at desc, t.task_id desc limit p_limit / 2 for update of t skip locked) d
  ) d;
  if v_due is null and v_late is null and v_dead is null then return 0; end if;
  v_count := coalesce(cardinality(v_due), 0) + coalesce(cardinality(v_late), 0) + coalesce(cardinality(v_dead), 0);
  with due as (
    update coord.tasks t set status = 'ready', trail = t.trail || pg_current_xact_id(), due_at = (t.terms).deadline
    where t.project_id = p_project_id and t.task_id = any (v_due) and t.status = 'scheduled'
      and t.due_at <= v_now
    returning t.task_id
  )
  insert into coord.journal (project_id, operation, resource, outcome)
  select p_project_id, 'sweep', 'task:' || d.task_id, 'due' from due d;
  if v_late is not null then
    with failed as (
      update coord.tasks t set status = 'failed', due_at = null, finished_at = clock_timestamp(),
        error = 'The deadline passed.', trail = t.trail || pg_current_xact_id()
      where t.project_id = p_project_id and t.task_id = any (v_late) and t.status in ('scheduled', 'ready', 'blocked')
        and (t.terms).deadline <= v_now
      returning t.task_id
    )
    select coalesce(array_agg(f.task_id), '{}') into v_late from failed f;
    insert into coord.journal (project_id, operation, resource, outcome)
    select p_project_id, 'sweep', 'task:' || f.task_id, 'deadline_passed' from unnest(v_late) f(task_id);
    perform coord._follow_failures(p_project_id, v_late, p_waits => false);
  end if;
  if v_dead is not null then
    update coord.tasks t set due_at = null where t.project_id = p_project_id and t.task_id = any (v_dead);
    perform coord._settle_failures(p_project_id, coord._cascade(p_project_id, v_dead, p_waits => false));
  end if;
  return v_count;
end
$$;
