-- The kind of the calling agent, as its key or its process says, whatever the session says of itself.
create function coord._agent_type(p_call coord._call) returns text
language sql stable
as $$
  select s.granted_type from coord.sessions s
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
$$;
