-- The kind of the calling agent, as its key says, or the process that was first of that name.
create function coord._agent_type(p_call coord._call) returns text
language sql stable
as $$
  select coalesce(k.agent_type, a.agent_type)
  from coord.sessions s
  join coord.agents a on a.project_id = s.project_id and a.agent = s.agent
  left join coord.api_keys k on k.key_id = s.key_id
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
$$;
