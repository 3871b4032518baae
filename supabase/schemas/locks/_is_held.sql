-- Whether another living session certainly has a path for itself alone. What is told of the moment needs no lock.
create function coord._is_held(p_call coord._call, p_path text) returns boolean
language plpgsql volatile
as $$
begin
  return exists (
    select from coord.locks l
    join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
    where l.project_id = p_call.project_id and l.path = p_path and l.session_id <> p_call.session_id
      and l.expires_at > clock_timestamp() and coord._is_live(s.ended_at, s.lease_expires_at));
end
$$;
