-- The rules that hold in the project, in the order in which they decide.
create function coord.list_network_rules(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_network_rules');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('rules', coalesce((
    select jsonb_agg(jsonb_build_object('rule', r.rule, 'action', r.action, 'pattern', r.pattern, 'priority', r.priority,
      'agent', r.agent, 'profile', r.profile, 'agent_type', r.agent_type, 'all_projects', r.project_id = 0, 'set_by', r.set_by,
      'set_at', r.set_at)
      order by r.priority, r.specificity desc, r.agent is null, r.profile is null, r.agent_type is null, r.action = 'allow',
        r.project_id = 0, r.rule)
    from coord.network_rules r where r.project_id in (0, v_call.project_id)), '[]')));
end
$$;

grant execute on function coord.list_network_rules to coord_app;
