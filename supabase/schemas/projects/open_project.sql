-- Id of the project of that name, made when it is new unless p_make is false (then null): what a local process asks once,
-- before it has a caller.
create function coord.open_project(p_name text, p_make boolean default true) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_project record;
begin
  if not p_make then
    return (select to_jsonb(p.project_id) from coord.projects p where p.name = p_name);
  end if;
  v_project := coord._project(p_name);
  if v_project.created then
    perform coord._journal(v_project.project_id, 'create_project', 'project:' || p_name, 'ok');
  end if;
  return to_jsonb(v_project.project_id);
end
$$;

grant execute on function coord.open_project to coord_app;
