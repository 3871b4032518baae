-- Whether no session of an agent has lived in the last 60 s.
create function coord._has_vanished(p_project_id integer, p_agent text) returns boolean
language sql volatile
as $$
  select not exists (
      select from coord.sessions s where s.project_id = p_project_id and s.agent = p_agent and s.ended_at is null
        and s.lease_expires_at > clock_timestamp() - interval '60 seconds')
    and not exists (
      select from coord.sessions s where s.project_id = p_project_id and s.agent = p_agent
        and s.ended_at > clock_timestamp() - interval '60 seconds');
$$;
