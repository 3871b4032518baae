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
  return coord._leave(v_call, jsonb_build_object('agents', coalesce((
    select jsonb_agg(jsonb_build_object('agent', a.agent, 'agent_type', a.agent_type, 'session_id', a.session_id,
      'parent_session_id', a.parent_session_id, 'delegated_from', a.delegated_from,
      'presence', coord._presence(a.last_call_at), 'capabilities', a.capabilities, 'working_on', a.working_on,
      'last_call_at', a.last_call_at, 'me', a.session_id = v_call.session_id,
      'claimed_tasks', (
        select count(*) from coord.tasks t
        where t.project_id = v_call.project_id and t.claim_session_id = a.session_id and t.status = 'claimed'
          and t.claim_expires_at > clock_timestamp()))
      order by a.last_call_at desc)
    from (
      select s.* from coord.sessions s
      where s.project_id = v_call.project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
        and (p_capability is null or p_capability = any (s.capabilities))
      order by s.last_call_at desc limit p_limit
    ) a), '[]')));
end
$$;

grant execute on function coord.discover_agents to coord_app;
