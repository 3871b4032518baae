-- Who calls, for a policy: what the frame would find in the row of its session, or would write there if it has none
-- yet. Null for a session or a key that is unknown, and for a dead key, so that nobody can tell the two apart.
create function coord._principal(p_caller jsonb) returns jsonb
language plpgsql stable
as $$
declare
  v_project_id integer := (p_caller ->> 'project_id')::integer;
  v_key_id text := p_caller ->> 'key_id';
  v_session_id uuid := (p_caller ->> 'session_id')::uuid;
  v_who record;
  v_authority record;
begin
  if v_session_id is not null then
    -- A subagent is to policies the agent on whose behalf it works.
    select coalesce(s.delegated_from, s.agent) as agent, s.granted_type as agent_type, s.trust, s.restrictions
    into v_who from coord.sessions s
    where s.project_id = v_project_id and s.session_id = v_session_id and s.key_id is not distinct from v_key_id;
    if not found then return null; end if;
    return coord._principal_of(v_who.agent, v_who.agent_type, v_who.trust, v_who.restrictions);
  elsif v_key_id is not null then
    select k.agent, k.agent_type, k.trust into v_who from coord.api_keys k
    where k.key_id = v_key_id and k.project_id = v_project_id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp());
    if not found then return null; end if;
  else
    select p_caller ->> 'agent' as agent, p_caller ->> 'agent_type' as agent_type,
      (p_caller ->> 'trust')::smallint as trust into v_who;
  end if;
  v_authority := coord._authority(v_project_id, v_who.agent, v_who.agent, v_who.agent_type, v_who.trust, v_key_id);
  return coord._principal_of(v_who.agent, v_who.agent_type, v_authority.trust, v_authority.restrictions);
end
$$;
