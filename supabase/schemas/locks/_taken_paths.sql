-- Paths that sessions locked, by rows of the journal: with acquire_lock, or with the claim of a task that names them, of
-- which the newest 20,000: the rows of claims weigh nothing, but a task may have 100 paths and be claimed very often.
create function coord._taken_paths(p_entries coord.journal[])
returns table (path text, session_id uuid, agent text, xact_id xid8, entry_id bigint)
language sql stable
as $$
  select l.lock ->> 'path', e.session_id, e.agent, e.xact_id, e.entry_id
  from unnest(p_entries) e cross join jsonb_path_query(coalesce(e.detail -> 'locks', e.detail), 'lax $[*]') l(lock)
  where e.operation = 'acquire_lock' and e.outcome = 'ok'
  union all
  select p.path, c.session_id, c.agent, c.xact_id, c.entry_id
  from (
    select e.session_id, e.agent, e.xact_id, e.entry_id, (t.terms).paths,
      sum(cardinality((t.terms).paths)) over (order by e.entry_id desc) as so_far
    from unnest(p_entries) e
    join coord.tasks t on t.project_id = e.project_id
      and t.task_id = case when e.resource ~ '^task:' then substr(e.resource, 6)::uuid end
    where e.operation in ('get_work', 'get_work_batch') and e.outcome = 'ok' and (t.terms).paths is not null
  ) c
  cross join unnest(c.paths) p(path)
  where c.so_far <= 20000;
$$;
