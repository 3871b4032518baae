-- Ends a session, with its subagents, and frees what they held. p_reason: what its tasks say of the attempt, and its handoff. p_count_attempts: whether its
-- claims count as attempts (a crash does, an orderly end does not).
-- Concurrency: the session's row is locked first; open_subagent locks it, too, so none is opened behind this function's
-- back. Everything after it is done without waiting, because others may hold
-- a task or a lock and wait for their own session, or for the advisory lock of the project: rows that somebody is just
-- changing are left as they are. That loses nothing: locks, shares and places in the queue of an ended session count as
-- free in every decision.
create function coord._end_session(
  p_project_id integer, p_session_id uuid, p_reason text, p_count_attempts boolean,
  out released_locks integer, out returned_tasks integer
)
language plpgsql volatile
as $$
declare
  v_child record;
  v_freed record;
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

  for v_child in
    select s.session_id, s.agent from coord.sessions s
    where s.project_id = p_project_id and s.parent_session_id = p_session_id and s.ended_at is null
    order by s.session_id
  loop
    v_freed := coord._end_session(p_project_id, v_child.session_id, p_reason, p_count_attempts);
    released_locks := released_locks + v_freed.released_locks;
    returned_tasks := returned_tasks + v_freed.returned_tasks;
    perform coord._journal(p_project_id, 'end_session', 'session:' || v_child.session_id, 'ok',
      jsonb_build_object('reason', p_reason, 'parent_session_id', p_session_id), v_child.session_id, v_child.agent);
  end loop;
end
$$;
