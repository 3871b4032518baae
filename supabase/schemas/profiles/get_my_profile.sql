-- What the calling session may do, why, and what is left of each limit. Not counted as a call itself.
create function coord.get_my_profile(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_my_profile');
  v_session coord.sessions;
  v_authority record;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select s.* into v_session from coord.sessions s
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id;
  v_authority := coord._authority(v_call.project_id, v_session.agent, coalesce(v_session.delegated_from, v_session.agent),
    v_session.granted_type, v_session.granted_trust, v_session.key_id);
  v_call.extra := nullif(v_call.extra - 'limits', '{}');
  return coord._leave(v_call, jsonb_build_object(
    'project', (select p.name from coord.projects p where p.project_id = v_call.project_id),
    'agent', v_session.agent, 'agent_type', v_session.agent_type, 'session_id', v_session.session_id,
    'parent_session_id', v_session.parent_session_id, 'delegated_from', v_session.delegated_from,
    'key_id', v_session.key_id, 'profile', v_authority.profile, 'source', v_authority.source,
    'trust', v_authority.trust, 'credential_trust', v_session.granted_trust,
    'suspended', coalesce(v_authority.restrictions ? 'suspended', false),
    'scopes', v_authority.restrictions -> 'scopes',
    'allowed_operations', v_authority.restrictions -> 'allowed',
    'blocked_operations', coalesce(v_authority.restrictions -> 'blocked', '[]'),
    'ends_at', nullif(v_session.valid_until, 'infinity'),
    'limits', coord._limits_left(v_call.project_id, v_session, v_authority.restrictions, v_authority.session_seconds)));
end
$$;

grant execute on function coord.get_my_profile to coord_app;
