-- Frees what _take_paths took for a task and the session still holds. The task's own `paths` say where to look. Nothing
-- is to be done for a session that has ended: what it held is free.
-- Concurrency: the advisory lock comes first, because the same transaction may go on to take paths. Rows are locked in
-- path order; one that has passed on matches nothing.
create function coord._free_task_paths(p_project_id integer, p_session_id uuid, p_task_id uuid) returns void
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_paths text[] := (select (t.terms).paths from coord.tasks t where t.project_id = p_project_id and t.task_id = p_task_id);
begin
  if coalesce(cardinality(v_paths), 0) = 0 or exists (select from coord.sessions s
    where s.project_id = p_project_id and s.session_id = p_session_id and s.ended_at is not null)
  then return; end if;
  perform coord._serialize_locks(p_project_id);
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (v_paths) and l.session_id = p_session_id
    and l.task_id = p_task_id
  order by l.path for update;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = p_project_id and l.path = any (v_paths) and l.session_id = p_session_id
    and l.task_id = p_task_id;
end
$$;
