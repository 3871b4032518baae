-- What keeps a session from paths: live locks of others that overlap them, unless both are shared, and others that wait
-- for overlapping paths since before. p_waiter_id: the place of the session itself in the queue, null for its end.
-- Called after _serialize_locks; whoever goes on to grant has to lock the rows before, because a fast UPDATE may take
-- one meanwhile.
create function coord._blockers(
  p_project_id integer, p_session_id uuid, p_paths text[], p_shared boolean, p_waiter_id bigint default null
) returns table (
  path text, session_id uuid, reason text, since timestamptz, expires_at timestamptz, waiter_id bigint
)
language plpgsql volatile
as $$
declare
  v_lacking text[] := coord._lacking_paths(p_project_id, p_session_id, p_paths, p_shared);
  v_rows text[];
begin
  if v_lacking = '{}' then return; end if;
  v_rows := coord._overlapping_rows(p_project_id, v_lacking);
  return query
    select h.path, h.session_id, h.reason, h.acquired_at, h.expires_at, null::bigint
    from (
      select l.path, l.session_id, l.reason, l.acquired_at, l.expires_at from coord.locks l
      where l.project_id = p_project_id and l.path = any (v_rows)
      union all
      select s.path, s.session_id, s.reason, s.acquired_at, s.expires_at from coord.lock_shares s
      where not p_shared and s.project_id = p_project_id and s.path = any (v_rows)
    ) h
    where h.session_id <> p_session_id and h.expires_at > clock_timestamp()
      and not coord._is_dead(p_project_id, h.session_id);
  return query
    select w.paths[1], w.session_id, null::text, w.since, null::timestamptz, w.waiter_id
    from coord.lock_waiters w
    where w.project_id = p_project_id and w.session_id <> p_session_id and not (p_shared and w.shared)
      and (p_waiter_id is null or w.waiter_id < p_waiter_id)
      and coord._sets_overlap(v_lacking, w.paths);
end
$$;
