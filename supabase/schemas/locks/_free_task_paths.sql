-- Frees what _take_paths took for a task and the session still holds. The task's own `paths` say where to look.
-- Concurrency: rows are locked in path order; one that has passed on matches nothing.
create function coord._free_task_paths(p_project_id integer, p_session_id uuid, p_task_id uuid) returns void
language plpgsql volatile
as $$
declare
  v_paths text[] := (select t.paths from coord.tasks t where t.project_id = p_project_id and t.task_id = p_task_id);
begin
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = any (v_paths) and l.session_id = p_session_id
    and l.task_id = p_task_id
  order by l.path for update;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = p_project_id and l.path = any (v_paths) and l.session_id = p_session_id
    and l.task_id = p_task_id;
end
$$;
