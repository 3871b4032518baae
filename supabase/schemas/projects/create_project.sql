-- Makes a project. Only for local administrators: a key, however trusted, administers its own project alone.
create function coord.create_project(p_caller jsonb, p_project text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_project');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_caller ->> 'key_id' is not null then
    return coord._refuse(v_call, 'forbidden', 'A key administers its own project only.',
      'Create projects on the machine that runs the coordinator: agentcoord projects create <project>.');
  end if;
  return coord._leave(v_call,
    jsonb_build_object('project', p_project, 'created', (coord._project(p_project)).created), 'project:' || p_project);
end
$$;

grant execute on function coord.create_project to coord_app;
