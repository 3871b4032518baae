-- Brings the living sessions of a project up to date with its profiles, and says how many have changed. Their next call
-- finds it: trust and lease are what _enter looks at, and a session with restrictions is never fresh.
-- Concurrency: callers have called _lock_profiles before their change, so sessions that are being opened are committed
-- and seen here, or wait and see the change. What has to change is locked in the order of ids, as whoever ends several
-- sessions does, and nothing else is, because every call may be waiting with its own session in hand. The UPDATE looks
-- anew, and so finds the subagents that were opened while this waited for the session that opens them.
-- p_skips: does not wait for sessions that are in the middle of calls, of which somebody may make ever more. Their next call
-- finds a suspension by itself, see _enter_doubtful.
create function coord._apply_profiles(p_project_id integer, p_skips boolean default false) returns integer
language plpgsql volatile
as $$
declare
  v_changed integer;
  v_free uuid[];
begin
  if p_skips then
    v_free := array(
      select s.session_id from coord.sessions s join coord._due_authorities(p_project_id) n using (session_id)
      where s.project_id = p_project_id and s.ended_at is null order by s.session_id for update of s skip locked);
  else
    perform from coord.sessions s join coord._due_authorities(p_project_id) n using (session_id)
    where s.project_id = p_project_id and s.ended_at is null order by s.session_id for update of s;
  end if;
  update coord.sessions s set trust = n.trust, restrictions = n.restrictions, valid_until = n.valid_until,
    lease_expires_at = case when s.beats then least(s.lease_expires_at, n.valid_until) else n.valid_until end,
    fresh_until = '-infinity'
  from coord._due_authorities(p_project_id) n
  where s.project_id = p_project_id and s.session_id = n.session_id
    and (v_free is null or s.session_id = any (v_free)) and coord._is_live(s.ended_at, s.lease_expires_at);
  get diagnostics v_changed = row_count;
  return v_changed;
end
$$;
