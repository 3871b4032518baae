-- Whether the session lives; if it does, notes the sign of life (p_active: and that it was a real call).
-- The next 5 s of calls need not write again, but never longer than the lease.
create function coord._touch_session(p_project_id integer, p_session_id uuid, p_active boolean) returns boolean
language plpgsql volatile
as $$
begin
  update coord.sessions s set
    lease_expires_at = case when s.beats
      then least(clock_timestamp() + interval '60 seconds', s.valid_until) else s.lease_expires_at end,
    last_call_at = case when p_active then clock_timestamp() else s.last_call_at end,
    fresh_until = least(clock_timestamp() + interval '5 seconds', s.lease_expires_at)
  where s.project_id = p_project_id and s.session_id = p_session_id
    and coord._is_live(s.ended_at, s.lease_expires_at);
  return found;
end
$$;
