-- Puts a task into the queue. What it depends on exists already, so a circle cannot be made.
-- A plain task without dependencies is one insert; all else is checked and written by _submit_tasks.
create function coord.submit_work(
  p_caller jsonb, p_title text, p_description text default null, p_type text default 'task',
  p_input jsonb default null, p_priority integer default 5, p_tags text[] default '{}',
  p_depends_on uuid[] default null, p_max_attempts integer default 3, p_capabilities text[] default null,
  p_paths text[] default null, p_assignee text default null, p_run_after timestamptz default null,
  p_deadline timestamptz default null, p_retry text default null, p_retry_seconds integer default null,
  p_escalate_to text default null, p_parent_id uuid default null, p_on_dependency_failure text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'submit_work');
  v_task_id uuid := coord._new_id();
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if num_nonnulls(p_depends_on, p_capabilities, p_paths, p_assignee, p_run_after, p_deadline, p_retry,
    p_retry_seconds, p_escalate_to, p_parent_id) > 0
  then
    return coord._submit_task(v_call, jsonb_build_object('title', p_title, 'description', p_description, 'type', p_type,
      'input', p_input, 'priority', p_priority, 'tags', p_tags, 'depends_on', p_depends_on, 'max_attempts',
        p_max_attempts,
      'capabilities', p_capabilities, 'paths', p_paths, 'assignee', p_assignee, 'run_after', p_run_after,
      'deadline', p_deadline, 'retry', p_retry, 'retry_seconds', p_retry_seconds, 'escalate_to', p_escalate_to,
      'parent_id', p_parent_id, 'on_dependency_failure', p_on_dependency_failure));
  end if;
  insert into coord.tasks (project_id, task_id, type, title, description, input, priority, tags, status, rank,
    max_attempts, submitted_by, lane)
  values (v_call.project_id, v_task_id, p_type, p_title, p_description, p_input, p_priority, p_tags, 'ready',
    current_timestamp + make_interval(hours => p_priority), p_max_attempts, v_call.agent,
    nullif(p_type, 'task') || ' ');
  return coord._leave(v_call,
    jsonb_build_object('task_id', v_task_id, 'status', 'ready', 'unmet_dependencies', 0), 'task:' || v_task_id);
end
$$;

grant execute on function coord.submit_work to coord_app;
