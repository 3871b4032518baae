-- Tasks of the project, newest first; pages by task_id, which is ordered by time. Those of a parent are found by the
-- table of subtasks, the others by walking back.
create function coord.list_tasks(
  p_caller jsonb, p_status text default null, p_type text default null, p_tag text default null,
  p_assignee text default null, p_parent_id uuid default null, p_limit integer default 50, p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_tasks');
  v_children uuid[];
  v_tasks jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_parent_id is not null then
    v_children := array(select s.task_id from coord.subtasks s where s.project_id = v_call.project_id
      and s.parent_id = p_parent_id);
  end if;
  select coalesce(jsonb_agg(coord._task_summary(f) order by f.task_id desc), '[]') into v_tasks
  from (
    select t.* from coord.tasks t
    where t.project_id = v_call.project_id
      and (p_status is null or t.status = p_status)
      and (p_type is null or t.type = p_type)
      and (p_tag is null or p_tag = any (t.tags))
      and (p_assignee is null or (t.terms).assignee = p_assignee)
      and (v_children is null or t.task_id = any (v_children))
      and (p_before is null or t.task_id < p_before)
    order by t.task_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object(
    'tasks', jsonb_path_query_array(v_tasks, '$[0 to $n]', jsonb_build_object('n', p_limit - 1)),
    'next_before', case when jsonb_array_length(v_tasks) > p_limit then v_tasks -> (p_limit - 1) -> 'task_id' end));
end
$$;

grant execute on function coord.list_tasks to coord_app;
