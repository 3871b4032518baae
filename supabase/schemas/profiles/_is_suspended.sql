-- Whether an agent is suspended, by its own name or as a subagent of one that is, however deep.
create function coord._is_suspended(p_project_id integer, p_agent text) returns boolean
language sql stable
as $$
  select exists (
    select from coord.suspensions s
    where s.project_id = p_project_id and (s.agent = p_agent or starts_with(p_agent, s.agent || '/')));
$$;
