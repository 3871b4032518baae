-- register_session under the name that earlier coordinators had.
create function coord.register_agent(p_caller jsonb, p_agent_type text default null, p_capabilities text[] default null)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.register_session(p_caller, p_agent_type, p_capabilities);
end
$$;

grant execute on function coord.register_agent to coord_app;
