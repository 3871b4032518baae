-- Locks that the sessions of an account hold now, subagents included.
create function coord._held_by(p_project_id integer, p_account text)
returns table (path text, session_id uuid)
language plpgsql volatile
as $$
begin
  return query select h.path, h.session_id
  from coord.sessions s
  cross join lateral (
    select l.path, l.session_id, l.expires_at from coord.locks l
    where l.project_id = s.project_id and l.session_id = s.session_id
    union all
    select a.path, a.session_id, a.expires_at from coord.lock_shares a
    where a.project_id = s.project_id and a.session_id = s.session_id) h
  where s.project_id = p_project_id and coalesce(s.delegated_from, s.agent) = p_account
    and coord._is_live(s.ended_at, s.lease_expires_at) and h.expires_at > clock_timestamp();
end
$$;
