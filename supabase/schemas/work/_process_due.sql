-- Lets happen what is due to tasks of a project: scheduled ones become ready, those past their deadline fail, and those
-- that failed with more dependents than could fail at once (see _cascade) have more of them fail. True when there was
-- something. Rows that somebody has locked are left for the next time, late tasks whose parents are, too; the status is
-- looked at under the lock and again in the UPDATE, so of two callers one does it. What follows may have to wait for a
-- dependent: 50 ms, then what has failed is taken back and left to the next call, because the caller may hold what others
-- wait for. What has become ready stays so: it waits for nobody.
create function coord._process_due(p_project_id integer, p_limit integer) returns boolean
language plpgsql volatile set lock_timeout = '50ms'
as $$
declare
  v_due uuid[];
  v_late uuid[];
  v_dead uuid[];
  v_parents uuid[];
begin
  select array_agg(d.task_id) filter (where not d.is_dead and (d.deadline is null or d.deadline > clock_timestamp())),
    array_agg(d.task_id) filter (where not d.is_dead and d.deadline <= clock_timestamp()),
    array_agg(d.task_id) filter (where d.is_dead) into v_due, v_late, v_dead
  from unnest(array['scheduled', 'ready', 'blocked', 'failed', 'cancelled']) s(status)
  cross join lateral (
    select t.task_id, (t.terms).deadline, t.status in ('failed', 'cancelled') as is_dead from coord.tasks t
    where t.project_id = p_project_id and t.status = s.status and t.due_at <= clock_timestamp()
      and (t.status <> 'ready' or t.due_at is not null) and t.status <> 'done'
    order by t.due_at, t.task_id limit p_limit for update skip locked
  ) d;
  if v_due is null and v_late is null and v_dead is null then return false; end if;
  update coord.tasks t set status = 'ready', trail = t.trail || pg_current_xact_id(), due_at = (t.terms).deadline
  where t.project_id = p_project_id and t.task_id = any (v_due) and t.status = 'scheduled'
    and t.due_at <= clock_timestamp();
  insert into coord.journal (project_id, operation, resource, outcome)
  select p_project_id, 'sweep', 'task:' || d.task_id, 'due' from unnest(v_due) d(task_id);
  begin
    if v_late is not null then
      v_parents := array(
        select p.task_id from coord.tasks p
        where p.project_id = p_project_id and p.task_id in (
          select (t.terms).parent_id from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_late))
        order by p.task_id for update skip locked);
      with failed as (
        update coord.tasks t set status = 'failed', due_at = null, finished_at = clock_timestamp(),
          error = 'The deadline passed.', trail = t.trail || pg_current_xact_id()
        where t.project_id = p_project_id and t.task_id = any (v_late) and t.status in ('scheduled', 'ready', 'blocked')
          and (t.terms).deadline <= clock_timestamp()
          and ((t.terms).parent_id is null or (t.terms).parent_id = any (v_parents))
        returning t.task_id
      )
      select coalesce(array_agg(f.task_id), '{}') into v_late from failed f;
      insert into coord.journal (project_id, operation, resource, outcome)
      select p_project_id, 'sweep', 'task:' || f.task_id, 'deadline_passed' from unnest(v_late) f(task_id);
      perform coord._follow_failures(p_project_id, v_late);
    end if;
    if v_dead is not null then
      update coord.tasks t set due_at = null where t.project_id = p_project_id and t.task_id = any (v_dead);
      perform coord._settle_failures(p_project_id, coord._cascade(p_project_id, v_dead));
    end if;
  exception when lock_not_available then
    return v_due is not null;
  end;
  return true;
end
$$;
