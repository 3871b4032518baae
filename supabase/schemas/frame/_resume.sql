-- Gives back the time in which nobody could renew anything: when sweeps were steady and then stopped for over 15 s, the
-- database was down or the host slept, and the leases that lived at the last sweep are moved by the gap, once. True
-- when that was done, by this call or by one that it waited for. Called before anybody judges that a lease has passed.
-- Nobody gets more than a new grant would: what was taken after the gap and before this call is not moved beyond that.
-- Concurrency: the guarded UPDATE of the pulse lets one caller do it; a second one waits there for its commit. Rows
-- that are locked belong to calls that renew or end them, and are left to these: waiting for them here could close a
-- circle with one that waits for the pulse.
create function coord._resume() returns boolean
language plpgsql volatile
as $$
declare
  v_swept_at timestamptz;
  v_gap interval;
begin
  perform from coord.pulse p where p.is_steady and p.swept_at < clock_timestamp() - interval '15 seconds';
  if not found then return false; end if;
  update coord.pulse p set is_steady = false
  where p.is_steady and p.swept_at < clock_timestamp() - interval '15 seconds'
  returning p.swept_at into v_swept_at;
  if not found then return true; end if;
  v_gap := clock_timestamp() - v_swept_at;
  update coord.sessions s set lease_expires_at =
    least(s.valid_until, s.lease_expires_at + v_gap, clock_timestamp() + interval '60 seconds')
  where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.ended_at is null and o.beats and o.lease_expires_at > v_swept_at for update skip locked);
  update coord.locks l set expires_at = least(l.expires_at + v_gap, clock_timestamp() + interval '8 hours')
  where (l.project_id, l.path) in (
    select o.project_id, o.path from coord.locks o
    where o.session_id is not null and o.expires_at > v_swept_at for update skip locked);
  update coord.lock_shares h set expires_at = least(h.expires_at + v_gap, clock_timestamp() + interval '8 hours')
  where (h.project_id, h.path, h.session_id) in (
    select o.project_id, o.path, o.session_id from coord.lock_shares o
    where o.expires_at > v_swept_at for update skip locked);
  update coord.tasks t set claim_expires_at =
    least(t.claim_expires_at + v_gap, clock_timestamp() + make_interval(secs => t.lease_seconds))
  where (t.project_id, t.task_id) in (
    select o.project_id, o.task_id from coord.tasks o
    where o.status = 'claimed' and o.claim_expires_at > v_swept_at for update skip locked);
  perform coord._journal(p.project_id, 'sweep', 'project', 'resumed', jsonb_build_object('seconds', extract(epoch from v_gap)))
  from coord.projects p;
  return true;
end
$$;
