-- Whether a session has certainly ended, lapsed or been forgotten. Never waits: one that is being changed right now
-- counts as living, because it may be beating.
create function coord._is_dead(p_project_id integer, p_session_id uuid) returns boolean
language plpgsql volatile
as $$
declare
  v_live boolean;
begin
  select coord._holds(s.ended_at, s.lease_expires_at) into v_live
  from coord.sessions s where s.project_id = p_project_id and s.session_id = p_session_id;
  if not found then return true; end if;
  if v_live then return false; end if;
  perform from coord.sessions s
  where s.project_id = p_project_id and s.session_id = p_session_id
    and not coord._holds(s.ended_at, s.lease_expires_at)
  for share skip locked;
  return found;
end
$$;
