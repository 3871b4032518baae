-- Puts a task into the queue. Its dependencies exist already, so a circle cannot be made.
-- Concurrency: the dependencies are locked in id order (for share) before they are counted. A completion of one of
-- them either commits first, and is seen as done, or waits and then finds this task among its dependents.
create function coord.submit_work(
  p_caller jsonb, p_title text, p_description text default null, p_type text default 'task',
  p_input jsonb default null, p_priority integer default 5, p_tags text[] default '{}',
  p_depends_on uuid[] default '{}', p_max_attempts integer default 3
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'submit_work');
  v_task_id uuid := coord._new_id();
  v_unknown uuid[];
  v_unmet integer := 0;
  v_status text := 'ready';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_depends_on[1] is not null then
    perform from coord.tasks t where t.project_id = v_call.project_id and t.task_id = any (p_depends_on)
    order by t.task_id for share;
    select array_agg(d.task_id) filter (where t.task_id is null), count(*) filter (where t.status <> 'done')
      into v_unknown, v_unmet
    from (select distinct u.task_id from unnest(p_depends_on) u(task_id)) d
    left join coord.tasks t on t.project_id = v_call.project_id and t.task_id = d.task_id;
    if v_unknown is not null then
      return coord._refuse(v_call, 'not_found', format('depends_on: there is no task %s', v_unknown[1]),
        'Submit the tasks that come first before this one, and use the task_id that submit_work answered.');
    end if;
    insert into coord.task_dependencies (project_id, task_id, depends_on)
    select distinct v_call.project_id, v_task_id, u.task_id from unnest(p_depends_on) u(task_id);
    if v_unmet > 0 then v_status := 'blocked'; end if;
  end if;
  insert into coord.tasks (project_id, task_id, type, title, description, input, priority, tags, status, rank, unmet,
    max_attempts, submitted_by)
  values (v_call.project_id, v_task_id, p_type, p_title, p_description, p_input, p_priority, p_tags, v_status,
    clock_timestamp() + p_priority * interval '1 hour', v_unmet, p_max_attempts, v_call.agent);
  return coord._leave(v_call,
    jsonb_build_object('task_id', v_task_id, 'status', v_status, 'unmet_dependencies', v_unmet), 'task:' || v_task_id);
end
$$;

grant execute on function coord.submit_work to coord_app;
