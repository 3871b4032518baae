-- The rule that approves a request without asking; null when there is none. The kind of agent counts as whoever made
-- the key or started the process has said it, because a session may call itself anything. A rule never serves those who
-- share a credential with who set it: nobody approves himself that way.
create function coord._rule_for(p_call coord._call, p_action_type text, p_risk text, p_credentials text[])
returns text
language sql stable
as $$
  select r.rule
  from coord.approval_rules r
  where r.project_id = p_call.project_id and r.action_type = p_action_type
    and array_position('{low,medium,high}', p_risk) <= array_position('{low,medium,high}', r.max_risk)
    and (r.agent is null or r.agent = p_call.agent)
    and (r.agent_type is null or r.agent_type = (
      select s.granted_type from coord.sessions s
      where s.project_id = p_call.project_id and s.session_id = p_call.session_id))
    and not r.credentials && p_credentials
  order by r.rule limit 1;
$$;
