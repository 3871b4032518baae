-- Ends a session and frees what it held. p_count_attempts: whether its claims count as attempts (a crash does, an
-- orderly end does not).
-- Concurrency: the session's row is locked first, then its locks in path order, then its tasks in id order.
-- _take_lock goes from a lock to a session without waiting (skip locked), so the two cannot block each other.
create function coord._end_session(
  p_project_id integer, p_session_id uuid, p_reason text, p_count_attempts boolean,
  out released_locks integer, out returned_tasks integer
)
language plpgsql volatile
as $$
declare
  v_task_id uuid;
begin
  released_locks := 0;
  returned_tasks := 0;
  update coord.sessions s set ended_at = clock_timestamp(), fresh_until = '-infinity', end_reason = p_reason
  where s.project_id = p_project_id and s.session_id = p_session_id and s.ended_at is null;
  if not found then return; end if;

  perform from coord.locks l where l.project_id = p_project_id and l.session_id = p_session_id
  order by l.path for update;
  update coord.locks l set session_id = null, reason = null
  where l.project_id = p_project_id and l.session_id = p_session_id;
  get diagnostics released_locks = row_count;

  for v_task_id in
    select t.task_id from coord.tasks t
    where t.project_id = p_project_id and t.status = 'claimed' and t.claim_session_id = p_session_id
    order by t.task_id for update
  loop
    perform coord._return_task(p_project_id, v_task_id, 'The session that worked on it ended: ' || p_reason || '.',
      p_count_attempts);
    returned_tasks := returned_tasks + 1;
  end loop;
end
$$;
