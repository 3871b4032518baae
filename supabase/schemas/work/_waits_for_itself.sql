-- Whether a task would wait for itself by way of the drafts that are to become its subtasks. Each task that they wait for
-- is visited once, whatever ways lead to it.
create function coord._waits_for_itself(
  p_project_id integer, p_parent_id uuid, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns boolean
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
    select d.task_id from unnest(p_drafts) d where (d.terms).parent_id = p_parent_id
    union
    select n.node
    from walk w cross join lateral (
      select u.node from edges e cross join unnest(e.waits_for) u(node) where e.task_id = w.node
      union all
      select o.waits_for from coord._waits_for(p_project_id, w.node) o
    ) n(node)
  )
  select exists (select from walk w where w.node = p_parent_id));
end
$$;
