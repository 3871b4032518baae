-- Ends a session and frees what it held. p_reason: what its tasks say of the attempt, and its handoff. p_count_attempts: whether its
-- claims count as attempts (a crash does, an orderly end does not).
-- Concurrency: the session's row is locked first. Everything after it is done without waiting, because others may hold
-- a task or a lock and wait for their own session, or for the advisory lock of the project: rows that somebody is just
-- changing are left as they are. That loses nothing: locks, shares and places in the queue of an ended session count as
-- free in every decision.
create function coord._end_session(
  p_project_id integer, p_session_id uuid, p_reason text, p_count_attempts boolean,
  out released_locks integer, out returned_tasks integer
)
language plpgsql volatile
as $$
begin
  released_locks := 0;
  returned_tasks := 0;
  update coord.sessions s set ended_at = clock_timestamp(), fresh_until = '-infinity', end_reason = p_reason,
    handoff_xact = pg_current_xact_id()
  where s.project_id = p_project_id and s.session_id = p_session_id and s.ended_at is null;
  if not found then return; end if;

  returned_tasks := coord._return_session_claims(p_project_id, p_session_id, p_reason, p_count_attempts);

  delete from coord.lock_waiters w where w.project_id = p_project_id and w.waiter_id in (
    select o.waiter_id from coord.lock_waiters o
    where o.project_id = p_project_id and o.session_id = p_session_id for update skip locked);
  with held as (
    select l.path from coord.locks l where l.project_id = p_project_id and l.session_id = p_session_id
    order by l.path for update skip locked
  ), shared as (
    select h.path from coord.lock_shares h where h.project_id = p_project_id and h.session_id = p_session_id
    order by h.path for update skip locked
  ), freed as (
    update coord.locks l set session_id = null, reason = null, task_id = null
    from held h where l.project_id = p_project_id and l.path = h.path returning 1
  ), given_up as (
    delete from coord.lock_shares s using shared h
    where s.project_id = p_project_id and s.path = h.path and s.session_id = p_session_id returning 1
  )
  select (select count(*) from freed) + (select count(*) from given_up) into released_locks;
end
$$;
