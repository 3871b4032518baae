-- Ends a session and frees what it held. p_count_attempts: whether its claims count as attempts (a crash does, an
-- orderly end does not).
-- Concurrency: the session's row is locked first, then its tasks in id order, then, with the advisory lock of the
-- project's locks, what it holds and waits for. Who decides about locks looks at sessions without waiting (skip locked).
create function coord._end_session(
  p_project_id integer, p_session_id uuid, p_reason text, p_count_attempts boolean,
  out released_locks integer, out returned_tasks integer
)
language plpgsql volatile
as $$
declare
  v_shares integer;
begin
  released_locks := 0;
  returned_tasks := 0;
  update coord.sessions s set ended_at = clock_timestamp(), fresh_until = '-infinity', end_reason = p_reason
  where s.project_id = p_project_id and s.session_id = p_session_id and s.ended_at is null;
  if not found then return; end if;

  returned_tasks := coord._return_session_claims(p_project_id, p_session_id, p_reason, p_count_attempts);

  perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
  delete from coord.lock_waiters w where w.project_id = p_project_id and w.session_id = p_session_id;
  perform from coord.locks l where l.project_id = p_project_id and l.session_id = p_session_id
  order by l.path for update;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = p_project_id and l.session_id = p_session_id;
  get diagnostics released_locks = row_count;
  delete from coord.lock_shares h where h.project_id = p_project_id and h.session_id = p_session_id;
  get diagnostics v_shares = row_count;
  released_locks := released_locks + v_shares;
end
$$;
