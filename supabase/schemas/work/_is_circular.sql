-- Whether some drafts would wait for themselves. A task waits for what it depends on, and for its subtasks. What exists
-- already can lead back to a draft only through its parent, so without one only the batch is walked.
-- Each pair of draft and task is looked at once, so this ends.
create function coord._is_circular(
  p_project_id integer, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns boolean
language plpgsql volatile
as $$
declare
  v_parents uuid[] := array(select distinct (d.terms).parent_id from unnest(p_drafts) d
    where (d.terms).parent_id is not null);
begin
  return (with recursive edges (task_id, waits_for) as materialized (
    select e.task_id, array_agg(e.waits_for)
    from (
      select e.task_id, e.depends_on from unnest(p_edges) e
      union all select (d.terms).parent_id, d.task_id from unnest(p_drafts) d where (d.terms).parent_id is not null
    ) e(task_id, waits_for)
    group by e.task_id
  ), walk (start, node) as (
    select e.task_id, w.node from edges e cross join unnest(e.waits_for) w(node) where e.task_id <> all (v_parents)
    union
    select w.start, n.node
    from walk w cross join lateral (
      select u.node from edges e cross join unnest(e.waits_for) u(node) where e.task_id = w.node
      union all
      select o.waits_for from coord._waits_for(p_project_id, w.node) o where v_parents <> '{}'
    ) n(node)
  )
  select exists (select from walk w where w.start = w.node));
end
$$;
