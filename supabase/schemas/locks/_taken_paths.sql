-- Paths that sessions locked, by rows of the journal: with acquire_lock, or with the claim of a task that names them, of
-- which the newest 20,000: the rows of claims weigh nothing, but a task may have 100 paths and be claimed very often.
create function coord._taken_paths(p_entries coord.journal[])
returns table (path text, session_id uuid, agent text, xact_id xid8, entry_id bigint)
language sql stable
as $$
  with claims as (
    select e.*, case when e.resource ~ '^task:' then substr(e.resource, 6)::uuid end as task_id
    from unnest(p_entries) e
    where e.operation in ('get_work', 'get_work_batch') and e.outcome = 'ok'
  ), named as materialized (
    -- Once a task, however often it was claimed: its terms are large.
    select t.task_id, (t.terms).paths, cardinality((t.terms).paths) as count
    from (select distinct c.project_id, c.task_id from claims c) d
    join coord.tasks t on t.project_id = d.project_id and t.task_id = d.task_id
  ), newest as (
    select c.session_id, c.agent, c.xact_id, c.entry_id, n.paths,
      sum(n.count) over (order by c.entry_id desc) as so_far
    from claims c join named n on n.task_id = c.task_id
    where n.count > 0
  )
  select l.lock ->> 'path', e.session_id, e.agent, e.xact_id, e.entry_id
  from unnest(p_entries) e cross join jsonb_path_query(coalesce(e.detail -> 'locks', e.detail), 'lax $[*]') l(lock)
  where e.operation = 'acquire_lock' and e.outcome = 'ok'
  union all
  select p.path, n.session_id, n.agent, n.xact_id, n.entry_id
  from newest n cross join unnest(n.paths) p(path)
  where n.so_far <= 20000;
$$;
