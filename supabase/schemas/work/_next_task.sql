-- Locks the task of these types that comes next and returns its id; null when there is none.
-- Concurrency: skip locked, so each of many callers gets another one without waiting. The first hundred of each type
-- are looked at by index and locked in rank order, so tasks of other types ahead cost nothing.
create function coord._next_task(p_project_id integer, p_types text[]) returns uuid
language sql volatile
as $$
  select t.task_id
  from (
    select c.task_id, c.rank
    from (select distinct u.type from unnest(p_types) u(type)) y
    cross join lateral (
      select n.task_id, n.rank from coord.tasks n
      where n.project_id = p_project_id and n.type = y.type and n.status = 'ready'
      order by n.rank, n.task_id limit 100
    ) c
    order by c.rank, c.task_id
  ) c
  join coord.tasks t on t.project_id = p_project_id and t.task_id = c.task_id and t.status = 'ready'
  order by c.rank, c.task_id limit 1 for update of t skip locked;
$$;
