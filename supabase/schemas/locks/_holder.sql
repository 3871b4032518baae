-- Who holds a path, for somebody who could not take it: path, agent, session, reason, since when and until when.
create function coord._holder(p_project_id integer, p_path text) returns jsonb
language sql volatile
as $$
  select jsonb_build_object('path', l.path, 'agent', s.agent, 'agent_type', s.agent_type, 'session_id', l.session_id,
    'reason', l.reason, 'since', l.acquired_at, 'expires_at', l.expires_at)
  from coord.locks l
  join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
  where l.project_id = p_project_id and l.path = p_path;
$$;
