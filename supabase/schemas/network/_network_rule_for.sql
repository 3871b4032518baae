-- The rule that decides about a host for a session; null for none, which denies. Among rules that match: the lowest
-- priority number; then the narrowest pattern; then the one about this agent, its profile, its kind, all; then deny;
-- then the project's own. What is said of an agent holds for its subagents. A private host needs a rule that names it:
-- an allowing * does not reach it, nor a network that is not itself a private one.
create function coord._network_rule_for(p_call coord._call, p_host text) returns coord.network_rules
language plpgsql stable
as $$
declare
  v_address inet := coord._address(p_host);
  v_private boolean := coord._is_private_host(p_host, v_address);
  v_agent_type text := coord._agent_type(p_call);
  v_account text := coord._account(p_call);
  v_profile text := coord._profile(p_call);
  v_rule coord.network_rules;
begin
  select r.* into v_rule from coord.network_rules r
  where r.project_id in (0, p_call.project_id)
    and (r.agent is null or r.agent = v_account or starts_with(p_call.agent || '/', r.agent || '/'))
    and (r.profile is null or r.profile = v_profile)
    and (r.agent_type is null or r.agent_type = v_agent_type)
    and case r.kind
      when 'name' then r.name = p_host
      when 'below' then v_address is null and right(p_host, length(r.name) + 1) = '.' || r.name
      when 'network' then v_address <<= r.network
        and (r.action = 'deny' or not v_private or r.network <<= any (coord._private_networks()))
      else r.action = 'deny' or not v_private end
  order by r.priority, r.specificity desc, r.agent is null, r.profile is null, r.agent_type is null,
    r.action = 'allow', r.project_id = 0, r.rule
  limit 1;
  return v_rule;
end
$$;
