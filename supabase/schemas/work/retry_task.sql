-- Gives a failed or cancelled task all its attempts anew: the way out of the dead-letter list. What is blocked by it
-- goes on when it is done. What was cancelled is brought back by its submitter who cancelled it, what a parent would
-- have to wait for again by its submitter, and both by others with trust 3. Who cancelled is in the journal, where the
-- trail ends.
-- Concurrency: who may not is refused before anything is locked, so that he keeps nobody waiting; then the task, what it
-- depends on, and its parent are locked in the order of table.sql, and looked at once more. The status in the WHERE lets
-- one of two callers do it.
create function coord.retry_task(p_caller jsonb, p_task_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'retry_task');
  v_before uuid[];
  v_task coord.tasks;
  v_unmet integer;
  v_tells boolean;
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_call.answer := coord._refuse_retry(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  v_tells := exists (select from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id
    and (t.terms).escalate_to <> v_call.agent);
  if v_tells then v_until := coord._silent_until(v_call, 1, p_counts => false); end if;
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  v_before := array(select d.depends_on from coord.task_dependencies d where d.project_id = v_call.project_id
    and d.task_id = p_task_id);
  perform coord._lock_tasks(v_call.project_id, p_task_id || v_before || array(
    select (t.terms).parent_id from coord.tasks t
    where t.project_id = v_call.project_id and t.task_id = p_task_id and (t.terms).parent_id is not null));
  select t.* into v_task from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_task_id for update;
  v_call.answer := coord._refuse_retry(v_call, p_task_id);
  if v_call.answer is not null then return v_call.answer; end if;
  if v_tells then v_until := coord._silent_until(v_call, 1); end if;
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  select count(*) into v_unmet from coord.tasks t
  where t.project_id = v_call.project_id and t.task_id = any (v_before) and t.status <> 'done';
  update coord.tasks t set status = case when v_unmet > 0 then 'blocked' else 'ready' end, unmet = v_unmet, attempts = 0,
    finished_at = null, result = null, agent = null, terms.run_after = null,
    trail = coord._trail_on(t.trail),
    due_at = (t.terms).deadline
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.status = v_task.status;
  update coord.tasks p set terms.open_subtasks = (p.terms).open_subtasks + 1
  where p.project_id = v_call.project_id and p.task_id = (v_task.terms).parent_id;
  return coord._leave(v_call, jsonb_build_object('retried', true,
      'status', case when v_unmet > 0 then 'blocked' else 'ready' end), 'task:' || p_task_id,
    jsonb_build_object('was', v_task.status));
end
$$;

grant execute on function coord.retry_task to coord_app;
