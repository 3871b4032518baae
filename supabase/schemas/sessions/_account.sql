-- The agent to whom a call is counted: that of the session, or for a subagent the one on whose behalf it works, so that
-- nobody gets more by opening subagents.
create function coord._account(p_call coord._call) returns text
language sql stable
as $$
  select coalesce(s.delegated_from, s.agent) from coord.sessions s
  where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id;
$$;
