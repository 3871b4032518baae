-- Writes a journal row for what _leave does not: the sweeper's work, and what is made before there is a call.
create function coord._journal(
  p_project_id integer, p_operation text, p_resource text, p_outcome text, p_detail jsonb default null,
  p_session_id uuid default null, p_agent text default null
) returns void
language sql volatile
as $$
  insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
  values (p_project_id, p_session_id, p_agent, p_operation, p_outcome, p_resource, p_detail);
$$;
