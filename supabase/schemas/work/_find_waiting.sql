-- Up to p_count tasks after p_before that are as asked for: ready ones in the order in which they are handed out, or
-- scheduled ones, the soonest first. looked_to: later ones were not looked at. p_before may have gone on meanwhile: its
-- place is known by what never changes with that.
-- Each lane is walked in its index, and the lanes are merged: 1,000 at most, those of others are not looked at. A walk
-- ends after 10,000 tasks, whatever it found.
create function coord._find_waiting(
  p_project_id integer, p_status text, p_type text, p_tag text, p_assignee text, p_before uuid, p_count integer,
  out task_ids uuid[], out looked_to uuid
)
language plpgsql volatile set enable_seqscan = off
as $$
declare
  v_after timestamptz := coalesce((
    select case when p_status = 'ready' then t.rank else least((t.terms).run_after, (t.terms).deadline) end
    from coord.tasks t where t.project_id = p_project_id and t.task_id = p_before), '-infinity');
  v_after_id uuid := coalesce(p_before, '00000000-0000-0000-0000-000000000000');
  v_look integer := case when p_status = 'ready' and p_tag is null or num_nonnulls(p_type, p_tag, p_assignee) = 0
    then p_count else 10000 end;
begin
  with whose (prefix) as (
    select '' where p_assignee is null
    union all
    select '~' || a.agent || E'\t' from coord.agents a
    where a.project_id = p_project_id and (a.agent = p_assignee or p_assignee is null and p_type is not null)
  ), lanes as materialized (
    select l.lane, l.type, l.assignee from whose w
    cross join lateral coord._distinct_lanes(p_project_id, w.prefix || coalesce(p_type || E'\x1f', ''), case
      when p_type is not null then w.prefix || p_type || '!'
      when p_assignee is not null then '~' || p_assignee || E'\n'
      else chr(1114111) end, 1000) l
    where p_status = 'ready' limit 1000
  ), walked as materialized (
    select w.* from (
      (select t.task_id, t.rank as due, t.type, t.tags, null as assignee from coord.tasks t
      where p_status = 'ready' and coalesce(p_type, 'task') = 'task' and p_assignee is null
        and t.project_id = p_project_id and t.status = 'ready' and t.lane is null
        and (t.rank, t.task_id) > (v_after, v_after_id)
      order by t.lane, t.rank, t.task_id limit v_look)
      union all
      select f.task_id, f.rank, l.type, f.tags, l.assignee from lanes l cross join lateral (
        select t.task_id, t.rank, t.tags from coord.tasks t
        where t.project_id = p_project_id and t.status = 'ready' and t.lane = l.lane
          and (t.rank, t.task_id) > (v_after, v_after_id)
        order by t.rank, t.task_id limit v_look) f
      where (p_type is null or l.type = p_type) and (p_assignee is null or l.assignee = p_assignee)
      union all
      (select t.task_id, t.due_at, t.type, t.tags, (t.terms).assignee from coord.tasks t
      where t.project_id = p_project_id and t.status = 'scheduled' and p_status = 'scheduled'
        and (t.due_at, t.task_id) > (v_after, v_after_id)
      order by t.due_at, t.task_id limit v_look)
    ) w order by w.due, w.task_id limit v_look
  )
  select array(
      select w.task_id from walked w
      where (p_type is null or w.type = p_type) and (p_tag is null or p_tag = any (w.tags))
        and (p_assignee is null or w.assignee = p_assignee)
      order by w.due, w.task_id limit p_count),
    (select w.task_id from walked w order by w.due, w.task_id offset v_look - 1 limit 1) into task_ids, looked_to;
end
$$;
