-- One task of the caller's project, whole.
create function coord.get_task(p_caller jsonb, p_task_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task');
  v_task jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_task := coord._whole_task(v_call.project_id, p_task_id);
  if v_task is null then
    return coord._refuse_unknown_task(v_call);
  end if;
  return coord._leave(v_call, v_task);
end
$$;

grant execute on function coord.get_task to coord_app;
