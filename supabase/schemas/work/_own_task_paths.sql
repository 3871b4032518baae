-- Paths of the tasks that the calling session works on: it may hold their locks, and still must not get a second task
-- on the same files.
create function coord._own_task_paths(p_call coord._call) returns text[]
language sql volatile
as $$
  select coalesce(array_agg(p.path), '{}')
  from coord.tasks t cross join unnest((t.terms).paths) p(path)
  where t.project_id = (p_call).project_id and t.status = 'claimed' and t.claim_session_id = (p_call).session_id;
$$;
