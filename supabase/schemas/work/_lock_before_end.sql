-- Locks tasks that are about to fail, or to be cancelled, with those that fail with them and the parents of all. See
-- _lock_tasks.
create function coord._lock_before_end(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_ending constant uuid[] := p_task_ids || coord._doomed(p_project_id, p_task_ids);
begin
  perform coord._lock_tasks(p_project_id, v_ending || array(
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (v_ending) and (t.terms).parent_id is not null));
end
$$;
