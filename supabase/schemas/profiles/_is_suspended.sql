-- Whether an agent is suspended: by its own name, with the agent for which it works (p_account: the agent itself where
-- it is no subagent), or with a subagent between the two.
create function coord._is_suspended(p_project_id integer, p_agent text, p_account text) returns boolean
language sql stable
as $$
  select exists (
    select from coord.suspensions s
    where s.project_id = p_project_id
      and (s.agent in (p_agent, p_account)
        or starts_with(p_agent, s.agent || '/') and starts_with(s.agent, p_account || '/')));
$$;
