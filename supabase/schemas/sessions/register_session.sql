-- Says who is here. A caller that names a session, or whose label stands for one, updates it; any other gets a new one.
-- Identity and trust come from p_caller alone, which the door made from a credential. The answer offers what others
-- left.
create function coord.register_session(
  p_caller jsonb, p_agent_type text default null, p_capabilities text[] default null, p_working_on text default null,
  p_beats boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller jsonb := p_caller;
  v_opened uuid;
  v_call coord._call;
  v_answer jsonb;
begin
  if not (p_caller ? 'session_id' or p_caller ? 'label') then
    v_opened := coord._open_session(p_caller, null, p_agent_type, p_beats);
    v_caller := p_caller || jsonb_build_object('session_id', v_opened);
  end if;
  v_call := coord._enter(v_caller, 'register_session');
  if v_call.answer is not null then
    -- Refused, or a repetition of a call that has its session already.
    delete from coord.sessions s where s.project_id = v_call.project_id and s.session_id = v_opened;
    return v_call.answer;
  end if;
  update coord.sessions s set
    agent_type = coalesce(p_agent_type, s.agent_type),
    capabilities = coalesce(p_capabilities, s.capabilities),
    working_on = coalesce(p_working_on, s.working_on),
    last_call_at = clock_timestamp()
  where s.project_id = v_call.project_id and s.session_id = v_call.session_id
  returning jsonb_build_object('session_id', s.session_id, 'agent', s.agent, 'agent_type', s.agent_type,
    'project', (select p.name from coord.projects p where p.project_id = s.project_id), 'trust', s.trust,
    'lease_expires_at', nullif(s.lease_expires_at, 'infinity')) into v_answer;
  perform coord._assign_waiting(v_call);
  v_answer := v_answer || jsonb_build_object('handoffs',
    coord._offered_handoffs(v_call.project_id, v_call.session_id, v_call.agent));
  return coord._leave(v_call, v_answer, 'session:' || v_call.session_id);
end
$$;

grant execute on function coord.register_session to coord_app;
