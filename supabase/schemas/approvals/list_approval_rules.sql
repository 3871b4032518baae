-- The rules of the project, by name.
create function coord.list_approval_rules(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_approval_rules');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('rules', coalesce((
    select jsonb_agg(jsonb_build_object('rule', r.rule, 'action_type', r.action_type, 'agent', r.agent,
      'agent_type', r.agent_type, 'max_risk', r.max_risk, 'set_by', r.set_by, 'set_at', r.set_at) order by r.rule)
    from coord.approval_rules r where r.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_approval_rules to coord_app;
