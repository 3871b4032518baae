-- Takes paths (in normal form and order) for the calling session, all or none. locks: what acquire_lock answers; null
-- when something is in the way, or when the agent has brought too many paths until full_until. p_waiter_id: the place
-- of the session in the queue.
-- Never two holders: callers have the advisory lock, so no other _take runs in the project. Fast UPDATEs are kept out
-- before the look that counts: the rows of the paths are locked, in path order, and for trees, globs and shared locks
-- all rows that overlap are guarded. So what a fast UPDATE took before is seen, and until the end of this transaction
-- none takes one of them; afterwards they are taken or guarded. Rows that do not exist yet are made by nobody else. A
-- first look spares refused calls the guarding.
create function coord._take(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl_seconds integer, p_task_id uuid,
  p_waiter_id bigint default null, out locks jsonb, out full_until timestamptz
)
language plpgsql volatile
as $$
declare
  v_rows text[];
begin
  if p_shared or array_to_string(p_paths, e'\n') ~ '[*?]|/(\n|$)' then
    perform from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id, p_limit => 1);
    if found then return; end if;
    perform coord._guard_rows(p_call.project_id, p_paths, p_takes => true);
  end if;
  v_rows := coord._overlapping_rows(p_call.project_id, p_paths);
  perform from coord.locks l where l.project_id = p_call.project_id and l.path = any (v_rows)
  order by l.path for update;
  perform from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id);
  if found then return; end if;
  full_until := coord._full_until(p_call, p_paths);
  if full_until is not null then return; end if;
  if p_waiter_id is not null then
    delete from coord.lock_waiters w where w.project_id = p_call.project_id and w.waiter_id = p_waiter_id;
  end if;
  perform coord._free_lapsed(p_call, v_rows, p_shared);
  locks := coord._grant(p_call, p_paths, p_shared, p_reason, p_ttl_seconds * interval '1 second', p_task_id);
end
$$;
