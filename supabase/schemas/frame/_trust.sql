-- How much the calling session is trusted, 0 to 4.
create function coord._trust(p_call coord._call) returns smallint
language sql stable
as $$
  select s.trust from coord.sessions s where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
$$;
