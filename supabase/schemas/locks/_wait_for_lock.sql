-- Puts the caller into the queue, or keeps its place there when it asks again, and answers as _held_answer. One that
-- would close a circle of waiting sessions is told so and not put there. Only the first ask is journalled, and no
-- answer is kept for an idempotency key, because the same call is made again until it is served.
-- Concurrency: callers have the advisory lock. The rows it waits for are guarded, so whoever comes after the release
-- meets the queue.
create function coord._wait_for_lock(p_call coord._call, p_paths text[], p_shared boolean, p_waiter_id bigint)
returns jsonb
language plpgsql volatile
as $$
declare
  v_waiter_id bigint := p_waiter_id;
  v_release text;
  v_answer jsonb;
begin
  -- Nobody reads the answers in between, so notices are left for the last one.
  p_call.extra := nullif(p_call.extra - 'notices', '{}');
  if p_waiter_id is not null then
    update coord.lock_waiters w set asked_at = clock_timestamp()
    where w.project_id = p_call.project_id and w.waiter_id = p_waiter_id;
  else
    v_release := coord._deadlock(p_call, p_paths, p_shared);
    if v_release is not null then
      v_answer := coord._held_answer(p_call, p_paths, p_shared, null,
        format('Deadlock: those ahead wait for you. Release %s, then ask again.', left(v_release, 100)))
        || '{"deadlock": true}';
      return coord._leave(p_call, v_answer, p_paths[1], v_answer -> 'blocked_by', 'deadlock');
    end if;
    perform coord._guard_rows(p_call.project_id, p_paths, p_takes => false);
    insert into coord.lock_waiters as w (project_id, session_id, paths, shared)
    values (p_call.project_id, p_call.session_id, p_paths, p_shared)
    returning w.waiter_id into v_waiter_id;
  end if;
  v_answer := coord._held_answer(p_call, p_paths, p_shared, v_waiter_id);
  return coord._leave(p_call, v_answer, case when p_waiter_id is null then p_paths[1] end, v_answer -> 'blocked_by',
    'waiting', 'null');
end
$$;
