-- Living sessions of a project in the form of discover_agents; p_session_id is who asks. Where there are more than
-- p_limit, each agent has its newest one before any has a second. Of claims 20,000 are counted.
create function coord._list_sessions(p_project_id integer, p_session_id uuid, p_capability text, p_limit integer)
returns jsonb
language plpgsql volatile
as $$
begin
  return jsonb_build_object('agents', coalesce((
    with claims as (
      select c.claim_session_id, count(*) as tasks
      from (
        select t.claim_session_id from coord.tasks t
        where t.project_id = p_project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
        limit 20000) c
      group by c.claim_session_id
    )
    select jsonb_agg(jsonb_build_object('agent', a.agent, 'agent_type', a.agent_type, 'session_id', a.session_id,
      'parent_session_id', a.parent_session_id, 'delegated_from', a.delegated_from,
      'presence', coord._presence(a.last_call_at), 'capabilities', a.capabilities, 'working_on', a.working_on,
      'last_call_at', a.last_call_at, 'me', a.session_id is not distinct from p_session_id,
      'claimed_tasks', coalesce((select c.tasks from claims c where c.claim_session_id = a.session_id), 0))
      order by a.last_call_at desc)
    from (
      select s.* from coord.sessions s
      where s.project_id = p_project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
        and (p_capability is null or p_capability = any (s.capabilities))
      order by row_number() over (partition by coalesce(s.delegated_from, s.agent) order by s.last_call_at desc),
        s.last_call_at desc
      limit p_limit
    ) a), '[]'));
end
$$;
