-- Opens a session for a helper of the calling session: <agent>/<name>, on behalf of the same agent, by the same
-- credential, trusted at most as much. It holds for itself, and ends with the session that opened it (see
-- _end_sessions, _touch_session). Profile and limits are those of the agent it works for, so nobody gains by it.
-- Concurrency: the row of the caller is locked and looked at again, so it cannot end in between, and opens one after the
-- other: they are counted. Profiles and suspensions are locked before any row, so that none is changed between the look at
-- them and the new session. Whoever changes them has looked at his own session before: where he opens a subagent in the
-- same moment, Postgres may have to undo one of both calls, which core then repeats.
create function coord.open_subagent(
  p_caller jsonb, p_name text, p_trust integer default null, p_agent_type text default null,
  p_working_on text default null, p_beats boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call;
  v_parent coord.sessions;
  v_session_id uuid := coord._new_id();
  v_answer jsonb;
begin
  perform coord._lock_profiles((p_caller ->> 'project_id')::integer, true);
  v_call := coord._enter(p_caller, 'open_subagent');
  if v_call.answer is not null then return v_call.answer; end if;
  select s.* into v_parent from coord.sessions s
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id
    and coord._is_live(s.ended_at, s.lease_expires_at) for no key update;
  if not found then return coord._refuse_ended(v_call); end if;
  v_call.answer := coord._refuse_subagent(v_call, v_parent, p_name, p_trust);
  if v_call.answer is not null then return v_call.answer; end if;
  insert into coord.agents (project_id, agent, agent_type)
  values (v_call.project_id, v_parent.agent || '/' || p_name, coalesce(p_agent_type, v_parent.agent_type))
  on conflict do nothing;
  insert into coord.sessions as s (project_id, session_id, agent, agent_type, trust, key_id, caller, working_on, beats, valid_until,
    lease_expires_at, fresh_until, granted_trust, granted_type, restrictions, parent_session_id, delegated_from)
  values (v_call.project_id, v_session_id, v_parent.agent || '/' || p_name,
    coalesce(p_agent_type, v_parent.agent_type), least(p_trust, v_parent.trust), v_parent.key_id,
    coord._caller_of(v_call.project_id, v_session_id, v_parent.key_id), p_working_on, p_beats,
    v_parent.valid_until, least(v_parent.valid_until, case when p_beats then clock_timestamp() + interval '60 seconds' end),
    '-infinity', least(p_trust, v_parent.trust), v_parent.granted_type, v_parent.restrictions, v_parent.session_id,
    coalesce(v_parent.delegated_from, v_parent.agent))
  returning jsonb_build_object('session_id', s.session_id, 'agent', s.agent, 'agent_type', s.agent_type,
    'trust', s.trust, 'parent_session_id', s.parent_session_id, 'delegated_from', s.delegated_from,
    'lease_expires_at', nullif(s.lease_expires_at, 'infinity')) into v_answer;
  return coord._leave(v_call, v_answer, 'session:' || (v_answer ->> 'session_id'), v_answer - 'lease_expires_at');
end
$$;

grant execute on function coord.open_subagent to coord_app;
