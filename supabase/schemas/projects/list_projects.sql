-- Projects the caller administers: all for a local administrator, its own for a key.
create function coord.list_projects(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_projects');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('projects', coalesce((
    select jsonb_agg(jsonb_build_object('project', p.name, 'created_at', p.created_at) order by p.name)
    from coord.projects p
    where p_caller ->> 'key_id' is null or p.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_projects to coord_app;
