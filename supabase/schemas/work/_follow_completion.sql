-- What follows when the calling session has done a task: parents count it off, dependents go on, the locks on its
-- paths are freed; how many tasks went on. In this order, so that nobody waits for a task while holding rows of locks.
create function coord._follow_completion(p_call coord._call, p_task_id uuid) returns integer
language plpgsql volatile
as $$
declare
  v_task_ids uuid[] := array[p_task_id];
  v_unblocked integer;
begin
  perform coord._lock_followers(p_call.project_id, v_task_ids);
  perform coord._count_off_parents(p_call.project_id, v_task_ids);
  select sum(u.unblocked) into v_unblocked from coord._unblock_dependents(p_call.project_id, v_task_ids) u;
  perform coord._free_task_paths(p_call.project_id, p_call.session_id, p_task_id);
  return coalesce(v_unblocked, 0);
end
$$;
