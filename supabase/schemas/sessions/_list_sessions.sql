-- Living sessions of a project in the form of discover_agents; p_session_id is who asks.
create function coord._list_sessions(p_project_id integer, p_session_id uuid, p_capability text, p_limit integer)
returns jsonb
language plpgsql volatile
as $$
begin
  return jsonb_build_object('agents', coalesce((
    select jsonb_agg(jsonb_build_object('agent', a.agent, 'agent_type', a.agent_type, 'session_id', a.session_id,
      'parent_session_id', a.parent_session_id, 'delegated_from', a.delegated_from,
      'presence', coord._presence(a.last_call_at), 'capabilities', a.capabilities, 'working_on', a.working_on,
      'last_call_at', a.last_call_at, 'me', a.session_id is not distinct from p_session_id,
      'claimed_tasks', (
        select count(*) from coord.tasks t
        where t.project_id = p_project_id and t.claim_session_id = a.session_id and t.status = 'claimed'
          and t.claim_expires_at > clock_timestamp()))
      order by a.last_call_at desc)
    from (
      select s.* from coord.sessions s
      where s.project_id = p_project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
        and (p_capability is null or p_capability = any (s.capabilities))
      order by s.last_call_at desc limit p_limit
    ) a), '[]'));
end
$$;
