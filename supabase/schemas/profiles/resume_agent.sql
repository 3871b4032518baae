-- Lifts a suspension. Nobody lifts his own: whoever is suspended is refused by the frame.
create function coord.resume_agent(p_caller jsonb, p_agent text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'resume_agent');
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_profiles(v_call.project_id, false);
  delete from coord.suspensions s where s.project_id = v_call.project_id and s.agent = p_agent;
  if not found then
    return coord._refuse(v_call, 'not_found', 'No agent of that name is suspended.', 'See list_profiles.');
  end if;
  return coord._leave(v_call, jsonb_build_object('resumed', true, 'agent', p_agent,
    'changed_sessions', coord._apply_profiles(v_call.project_id)), 'agent:' || p_agent);
end
$$;

grant execute on function coord.resume_agent to coord_app;
