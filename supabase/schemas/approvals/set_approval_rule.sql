-- Sets a rule, or replaces the one of that name. It decides requests from then on; what is pending stays so.
-- Concurrency: the primary key decides between two who set it at once; the later one stands.
create function coord.set_approval_rule(
  p_caller jsonb, p_rule text, p_action_type text, p_agent text default null, p_agent_type text default null,
  p_max_risk text default 'low'
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_approval_rule');
  v_replaced boolean;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_replaced := exists (
    select from coord.approval_rules r where r.project_id = v_call.project_id and r.rule = p_rule);
  insert into coord.approval_rules as r (project_id, rule, action_type, agent, agent_type, max_risk, set_by, credentials)
  values (v_call.project_id, p_rule, p_action_type, p_agent, p_agent_type, p_max_risk, v_call.agent,
    coord._credentials(v_call.project_id, v_call.session_id, false))
  on conflict (project_id, rule) do update set action_type = excluded.action_type, agent = excluded.agent,
    agent_type = excluded.agent_type, max_risk = excluded.max_risk, set_by = excluded.set_by,
    credentials = excluded.credentials, set_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('rule', p_rule, 'replaced', v_replaced), 'approval_rule:' || p_rule,
    jsonb_strip_nulls(jsonb_build_object('action_type', p_action_type, 'agent', p_agent, 'agent_type', p_agent_type,
      'max_risk', p_max_risk)));
end
$$;

grant execute on function coord.set_approval_rule to coord_app;
