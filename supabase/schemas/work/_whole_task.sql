-- One task of a project, whole, in the form of get_task; null when there is none.
create function coord._whole_task(p_project_id integer, p_task_id uuid) returns jsonb
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_terms coord.task_terms;
begin
  select t.* into v_task from coord.tasks t where t.project_id = p_project_id and t.task_id = p_task_id;
  if not found then return null; end if;
  v_terms := v_task.terms;
  return coord._task_summary(v_task) || jsonb_build_object(
    'description', v_task.description, 'input', v_task.input, 'submitted_by', v_task.submitted_by,
    'claim_token', v_task.claim_token, 'claim_expires_at', v_task.claim_expires_at, 'result', v_task.result,
    'error', v_task.error, 'finished_at', v_task.finished_at, 'capabilities', coalesce(v_terms.capabilities, '{}'),
    'paths', coalesce(v_terms.paths, '{}'),
    'run_after', v_terms.run_after, 'deadline', v_terms.deadline, 'retry', coalesce(v_terms.retry, 'exponential'),
    'retry_seconds', coalesce(v_terms.retry_seconds, 60),
    'escalate_to', v_terms.escalate_to, 'on_dependency_failure', coalesce(v_terms.on_dependency_failure, 'block'),
    'parent_id', v_terms.parent_id,
    'progress', coalesce(v_terms.progress, '[]'), 'subtasks', (
      select jsonb_build_object('open', coalesce(v_terms.open_subtasks, 0), 'total', count(*))
      from coord.subtasks s where s.project_id = p_project_id and s.parent_id = p_task_id),
    'depends_on', coalesce((
      select jsonb_agg(jsonb_build_object('task_id', t.task_id, 'title', t.title, 'status', t.status) order by t.task_id)
      from coord.task_dependencies d
      join coord.tasks t on t.project_id = d.project_id and t.task_id = d.depends_on
      where d.project_id = p_project_id and d.task_id = p_task_id), '[]'));
end
$$;
