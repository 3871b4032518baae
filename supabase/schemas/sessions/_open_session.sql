-- Opens a session for the credential in p_caller, or finds the living one of that label; null when the key is dead.
-- Its profile is that of the agent and kind which the credential names, whatever kind the call says it is.
-- Concurrency: the key is read under a share lock, so revoke_key, which locks it first, either prevents the session
-- or ends it. Of two that open the same standing session, the unique index lets one insert and gives both its row.
create function coord._open_session(
  p_caller jsonb, p_label text, p_agent_type text default null, p_beats boolean default false
) returns uuid
language plpgsql volatile
as $$
declare
  v_key_id text := p_caller ->> 'key_id';
  v_project_id integer := (p_caller ->> 'project_id')::integer;
  v_agent text := p_caller ->> 'agent';
  v_agent_type text := coalesce(p_agent_type, p_caller ->> 'agent_type');
  v_granted_type text := coalesce(p_caller ->> 'agent_type', p_agent_type);
  v_trust smallint := (p_caller ->> 'trust')::smallint;
  v_authority record;
  v_valid_until timestamptz := 'infinity';
  v_lease_expires_at timestamptz;
  v_session_id uuid := coord._new_id();
begin
  if v_key_id is not null then
    select k.agent, coalesce(p_agent_type, k.agent_type), k.agent_type, k.trust, coalesce(k.expires_at, 'infinity')
      into v_agent, v_agent_type, v_granted_type, v_trust, v_valid_until
    from coord.api_keys k
    where k.key_id = v_key_id and k.project_id = v_project_id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())
    for share;
    if not found then return null; end if;
  end if;
  if p_label is null then perform coord._refuse_many_sessions(v_project_id, v_agent); end if;
  perform coord._lock_profiles(v_project_id, true);
  v_authority := coord._authority(v_project_id, v_agent, v_agent, v_granted_type, v_trust, v_key_id);
  v_valid_until := least(v_valid_until, clock_timestamp() + make_interval(secs => v_authority.session_seconds));
  v_lease_expires_at := least(v_valid_until, case when p_beats then clock_timestamp() + interval '60 seconds' end);
  insert into coord.agents as a (project_id, agent, agent_type) values (v_project_id, v_agent, v_agent_type)
  on conflict do nothing;
  insert into coord.sessions as s
    (project_id, session_id, agent, agent_type, trust, key_id, caller, label, beats, valid_until, lease_expires_at,
    fresh_until, granted_trust, granted_type, restrictions)
  values (v_project_id, v_session_id, v_agent, v_agent_type, v_authority.trust, v_key_id,
    coord._caller_of(v_project_id, v_session_id, v_key_id), p_label, p_beats, v_valid_until,
    v_lease_expires_at, case when v_authority.restrictions is null
      then least(v_lease_expires_at, clock_timestamp() + interval '5 seconds') else '-infinity' end,
    v_trust, v_granted_type, v_authority.restrictions)
  on conflict (project_id, agent, label) where ended_at is null and label is not null
  do update set trust = excluded.trust, granted_trust = excluded.granted_trust,
    restrictions = excluded.restrictions, fresh_until = least(s.fresh_until, excluded.fresh_until)
  returning s.session_id into v_session_id;
  return v_session_id;
end
$$;
