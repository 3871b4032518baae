-- Records a decision in the caller's name. Counts as a message (see _silent_until): decisions are kept for ever.
create function coord.log_decision(p_caller jsonb, p_type text, p_context text, p_reason text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'log_decision');
  v_decision_id uuid := coord._new_id();
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_until := coord._silent_until(v_call, 1);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.decisions (project_id, decision_id, agent, session_id, type, context, reason)
  values (v_call.project_id, v_decision_id, v_call.agent, v_call.session_id, p_type, p_context, p_reason);
  return coord._leave(v_call, jsonb_build_object('logged', true, 'decision_id', v_decision_id),
    'decision:' || v_decision_id, jsonb_build_object('type', p_type));
end
$$;

grant execute on function coord.log_decision to coord_app;
