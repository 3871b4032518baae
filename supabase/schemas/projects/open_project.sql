-- Id of the project of that name, made when it is new: what a local process asks once, before it has a caller.
create function coord.open_project(p_name text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_project record := coord._project(p_name);
begin
  if v_project.created then
    perform coord._journal(v_project.project_id, 'create_project', 'project:' || p_name, 'ok');
  end if;
  return to_jsonb(v_project.project_id);
end
$$;

grant execute on function coord.open_project to coord_app;
