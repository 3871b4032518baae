-- Notes a sign of life (p_active: and that it was a real call); null when the session does not live any more, else
-- whether its claims are to be renewed: not those of a suspended agent. A subagent lives no longer than the session
-- that opened it.
-- The next 5 s of calls need not write again, but never longer than the lease, not while it has notices to be told, and
-- not while it has restrictions.
create function coord._touch_session(p_project_id integer, p_session_id uuid, p_active boolean) returns boolean
language plpgsql volatile
as $$
declare
  v_renews boolean;
begin
  update coord.sessions s set
    lease_expires_at = case when s.beats and not coalesce(s.restrictions ? 'suspended', false)
      then least(clock_timestamp() + interval '60 seconds', s.valid_until) else s.lease_expires_at end,
    last_call_at = case when p_active then clock_timestamp() else s.last_call_at end,
    fresh_until = case when s.restrictions is null and not exists (select from coord.notices n where n.project_id = s.project_id
        and n.session_id = s.session_id and n.told_at is null)
      then least(clock_timestamp() + interval '5 seconds', s.lease_expires_at) else '-infinity' end
  where s.project_id = p_project_id and s.session_id = p_session_id
    and coord._is_live(s.ended_at, s.lease_expires_at)
    and (s.parent_session_id is null or exists (
      select from coord.sessions p where p.project_id = s.project_id and p.session_id = s.parent_session_id
        and coord._is_live(p.ended_at, p.lease_expires_at)))
  returning not coalesce(s.restrictions ? 'suspended', false) into v_renews;
  return v_renews;
end
$$;
