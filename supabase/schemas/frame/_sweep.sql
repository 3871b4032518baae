-- Cleans up in one project (all when null): ends lapsed sessions, gives lapsed claims back, forgets old idempotency
-- keys and sessions. Nothing depends on it for correctness: every decision looks at expiry itself.
-- Concurrency: one at a time under an advisory lock; each session is ended under its row lock after the lease was
-- looked at again, each task under its own guard (see _return_task).
create function coord._sweep(p_project_id integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_session record;
  v_freed record;
  v_sessions integer := 0;
  v_locks integer := 0;
  v_tasks integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('coord.sweep', 0)) then
    return '{"ended_sessions": 0, "returned_tasks": 0, "released_locks": 0}';
  end if;
  for v_session in
    select s.project_id, s.session_id from coord.sessions s
    where s.ended_at is null and s.lease_expires_at <= clock_timestamp()
      and (p_project_id is null or s.project_id = p_project_id)
    order by s.project_id, s.session_id limit 1000 for update skip locked
  loop
    v_freed := coord._end_session(v_session.project_id, v_session.session_id, 'lapsed', true);
    perform coord._note(v_session.project_id, 'sweep', 'session:' || v_session.session_id, 'lapsed',
      jsonb_build_object('released_locks', v_freed.released_locks, 'returned_tasks', v_freed.returned_tasks));
    v_sessions := v_sessions + 1;
    v_locks := v_locks + v_freed.released_locks;
    v_tasks := v_tasks + v_freed.returned_tasks;
  end loop;
  v_tasks := v_tasks + coord._return_lapsed_claims(p_project_id, 1000);

  delete from coord.idempotency_keys k where (k.project_id, k.agent, k.key) in (
    select o.project_id, o.agent, o.key from coord.idempotency_keys o
    where o.created_at < clock_timestamp() - interval '48 hours' limit 1000 for update skip locked);
  delete from coord.sessions s where (s.project_id, s.session_id) in (
    select o.project_id, o.session_id from coord.sessions o
    where o.ended_at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
  return jsonb_build_object('ended_sessions', v_sessions, 'returned_tasks', v_tasks, 'released_locks', v_locks);
end
$$;
