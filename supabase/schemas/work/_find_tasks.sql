-- Up to p_count tasks before p_before that are as asked for, newest first. looked_to: older ones were not looked at.
-- Ready and scheduled ones have their own order, see _find_waiting. No index has the others by status and age: one more
-- would make submitting, claiming and completing 2 % dearer. So those of a status that have a due_at are sorted while
-- they are under 1,000, and the others walked in their index; subtasks are walked in theirs, and else all tasks. A walk
-- ends after 10,000 tasks, whatever it found.
create function coord._find_tasks(
  p_project_id integer, p_status text, p_type text, p_tag text, p_assignee text, p_parent_id uuid, p_before uuid,
  p_count integer, out task_ids uuid[], out looked_to uuid
)
language plpgsql volatile set enable_seqscan = off
as $$
declare
  v_before uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_dated uuid[];
  v_look integer := 10000;
begin
  if p_parent_id is null and p_status <> 'done' then
    v_dated := array(select t.task_id from coord.tasks t where t.project_id = p_project_id and t.status = p_status
      and t.status <> 'done' and t.status <> 'ready' and t.due_at is not null order by t.due_at limit 1000);
    if cardinality(v_dated) = 1000 then v_dated := null; end if;
  end if;
  if num_nonnulls(p_type, p_tag, p_assignee) = 0 and (p_status is null or v_dated is not null) then
    v_look := p_count;
  end if;
  with walked as materialized (
    (select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.tasks t
    where p_parent_id is null and v_dated is null and t.project_id = p_project_id and t.task_id < v_before
    order by t.task_id desc limit v_look)
    union all
    (select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.tasks t
    where v_dated is not null and t.project_id = p_project_id and t.status = p_status and t.task_id < v_before
      and t.status <> 'done' and t.status <> 'ready' and t.due_at is null
    order by t.due_at desc, t.task_id desc limit v_look)
    union all
    (select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.subtasks s
    join coord.tasks t on t.project_id = p_project_id and t.task_id = s.task_id
    where s.project_id = p_project_id and s.parent_id = p_parent_id and s.task_id < v_before
    order by s.task_id desc limit v_look)
  ), looked as (
    select w.task_id from walked w order by w.task_id desc offset v_look - 1 limit 1
  )
  select array(
      select c.task_id from (
        select w.* from walked w
        union all
        select t.task_id, t.status, t.type, t.tags, (t.terms).assignee from coord.tasks t
        where t.project_id = p_project_id and t.task_id = any (v_dated) and t.task_id < v_before) c
      where (p_status is null or c.status = p_status) and (p_type is null or c.type = p_type)
        and (p_tag is null or p_tag = any (c.tags)) and (p_assignee is null or c.assignee = p_assignee)
        and c.task_id >= coalesce((select l.task_id from looked l), '00000000-0000-0000-0000-000000000000')
      order by c.task_id desc limit p_count),
    (select l.task_id from looked l) into task_ids, looked_to;
end
$$;
