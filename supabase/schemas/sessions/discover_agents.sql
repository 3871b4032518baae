-- Living sessions of the project, the last to call first.
create function coord.discover_agents(
  p_caller jsonb, p_capability text default null, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'discover_agents');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, coord._list_sessions(v_call.project_id, v_call.session_id, p_capability, p_limit));
end
$$;

grant execute on function coord.discover_agents to coord_app;
