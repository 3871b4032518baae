-- Which of these tasks are waited for by some of the drafts that are to become their subtasks; null when that takes a
-- look at more than 5,000 tasks, or until p_until: each may have 100 to wait for, and whoever submits has tasks of others
-- locked meanwhile. Each is visited once, whatever ways lead to it.
create function coord._waits_for_itself(
  p_project_id integer, p_parents uuid[], p_drafts coord.tasks[], p_edges coord.task_dependencies[],
  p_until timestamptz
) returns uuid[]
language plpgsql volatile
as $$
begin
  return (with recursive edges (task_id, waits_for) as materialized (
    select e.task_id, array_agg(e.waits_for)
    from (
      select e.task_id, e.depends_on from unnest(p_edges) e
      union all select (d.terms).parent_id, d.task_id from unnest(p_drafts) d where (d.terms).parent_id is not null
    ) e(task_id, waits_for)
    group by e.task_id
  ), walk (node) as (
    select d.task_id from unnest(p_drafts) d where (d.terms).parent_id = any (p_parents)
    union
    select n.node
    from walk w cross join lateral (
      select u.node from edges e cross join unnest(e.waits_for) u(node) where e.task_id = w.node
      union all
      select o.waits_for from coord._waits_for(p_project_id, w.node) o
    ) n(node)
    where clock_timestamp() < p_until
  )
  select case when count(*) <= 5000 and clock_timestamp() < p_until
    then coalesce(array_agg(w.node) filter (where w.node = any (p_parents)), '{}') end
  from (select w.node from walk w limit 5001) w);
end
$$;
