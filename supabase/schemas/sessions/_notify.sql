-- Tells a session something with its next real call: {"kind", "message", …}.
-- Concurrency: the session's row is marked without waiting for it, because callers may hold locks, and ending a session
-- goes from the session to its locks. Whoever is just touching it may miss the notice for the 5 s of a fresh session.
create function coord._notify(p_project_id integer, p_session_id uuid, p_notice jsonb) returns void
language plpgsql volatile
as $$
begin
  insert into coord.notices (project_id, session_id, notice) values (p_project_id, p_session_id, p_notice);
  update coord.sessions s set fresh_until = '-infinity'
  where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.project_id = p_project_id and o.session_id = p_session_id for update skip locked);
end
$$;
