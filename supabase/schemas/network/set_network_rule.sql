-- Sets a rule, or replaces the one of that name; it counts from the next decision on. For all projects only on the
-- machine itself, and only there priority 0, before which nothing comes. Core gives the pattern in its one form as
-- p_computed.
-- Concurrency: the primary key decides between two who set it at once; the later one stands.
create function coord.set_network_rule(
  p_caller jsonb, p_rule text, p_action text, p_pattern text, p_priority integer default 50, p_agent text default null,
  p_profile text default null, p_agent_type text default null, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_network_rule');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_pattern text := coalesce(p_computed ->> 'pattern', p_pattern);
  v_parts record := coord._network_pattern(v_pattern);
  v_replaced boolean := exists (
    select from coord.network_rules r where r.project_id = v_project_id and r.rule = p_rule);
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_all_projects and p_caller ->> 'key_id' is not null then
    return coord._refuse_for_all(v_call);
  elsif v_parts.kind is null then
    return coord._refuse(v_call, 'invalid_input', 'pattern: names no host, no network and nothing below a name',
      'Such as github.com, *.github.com, 10.0.0.0/8, or * for any public host.');
  elsif p_priority = 0 and not p_all_projects then
    return coord._refuse(v_call, 'invalid_input', 'priority: 0 is for rules of all projects', 'Use 1 to 100.');
  elsif not v_replaced and (select count(*) >= 500 from coord.network_rules r where r.project_id = v_project_id) then
    return coord._refuse(v_call, 'limit_exceeded', 'There are 500 rules already.', 'Delete what is not needed any more.');
  end if;
  insert into coord.network_rules as r (project_id, rule, action, pattern, kind, name, network, specificity, priority,
    agent, profile, agent_type, set_by)
  values (v_project_id, p_rule, p_action, v_pattern, v_parts.kind, v_parts.name, v_parts.network, v_parts.specificity,
    p_priority, p_agent, p_profile, p_agent_type, v_call.agent)
  on conflict (project_id, rule) do update set action = excluded.action, pattern = excluded.pattern, kind = excluded.kind,
    name = excluded.name, network = excluded.network, specificity = excluded.specificity, priority = excluded.priority,
    agent = excluded.agent, profile = excluded.profile, agent_type = excluded.agent_type, set_by = excluded.set_by, set_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('rule', p_rule, 'pattern', v_pattern, 'replaced', v_replaced),
    'network_rule:' || p_rule, jsonb_strip_nulls(jsonb_build_object('action', p_action, 'pattern', v_pattern,
      'priority', p_priority, 'agent', p_agent, 'profile', p_profile, 'agent_type', p_agent_type, 'all_projects', p_all_projects)));
end
$$;

grant execute on function coord.set_network_rule to coord_app;
