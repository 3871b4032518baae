-- Tasks of the project, newest first, but ready ones as they are handed out and scheduled ones as they come due; pages
-- go on after a task. A page may be short and not the last, when few tasks are as asked for: see _find_tasks.
create function coord.list_tasks(
  p_caller jsonb, p_status text default null, p_type text default null, p_tag text default null,
  p_assignee text default null, p_parent_id uuid default null, p_limit integer default 50, p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_tasks');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_before is not null and not exists (
    select from coord.tasks t where t.project_id = v_call.project_id and t.task_id = p_before)
  then
    return coord._refuse(v_call, 'not_found', 'before: there is no such task in this project',
      'Pass next_before of the page before, or leave it out.', '{"field": "before"}');
  end if;
  return coord._leave(v_call, coord._list_tasks(v_call.project_id, p_status, p_type, p_tag, p_assignee, p_parent_id,
    p_limit, p_before));
end
$$;

grant execute on function coord.list_tasks to coord_app;
