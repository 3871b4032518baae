-- Takes paths (in normal form and order) for the calling session, all or none. locks: what acquire_lock answers; null
-- when something is in the way, or when the agent has brought too many paths until full_until. p_waiter_id: the place
-- of the session in the queue.
-- Never two holders: callers have the advisory lock, so no other _take runs in the project. What a fast UPDATE may do
-- meanwhile is taken out by locking all rows that overlap, in path order, before looking for blockers: until the end of
-- this transaction no fast UPDATE can take one of them, and what is left behind is taken or guarded. Rows that do not
-- exist yet are made by nobody else. A tree or a glob, which may overlap thousands of rows, is looked at once before,
-- so that refused calls lock nothing.
create function coord._take(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl_seconds integer, p_task_id uuid,
  p_waiter_id bigint default null, out locks jsonb, out full_until timestamptz
)
language plpgsql volatile
as $$
declare
  v_rows text[] := coord._overlapping_rows(p_call.project_id, p_paths);
begin
  if cardinality(v_rows) > cardinality(p_paths) then
    perform from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id, v_rows);
    if found then return; end if;
  end if;
  perform from coord.locks l where l.project_id = p_call.project_id and l.path = any (v_rows)
  order by l.path for update;
  perform from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_waiter_id, v_rows);
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
