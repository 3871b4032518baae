-- What keeps a session from paths: live locks of others that overlap them, unless both are shared, and others that wait
-- for overlapping paths since before. p_waiter_id: the place of the session itself in the queue, null for its end.
-- p_limit: where more locks than that are held below the trees and globs, these are all that is answered of locks, so
-- that asking in vain does not take longer, the more there are.
-- Called after _serialize_locks; whoever goes on to grant has to lock the rows before, because a fast UPDATE may take
-- one meanwhile.
create function coord._blockers(
  p_project_id integer, p_session_id uuid, p_paths text[], p_shared boolean, p_waiter_id bigint default null,
  p_limit integer default null
) returns table (
  path text, session_id uuid, reason text, since timestamptz, expires_at timestamptz, waiter_id bigint
)
language plpgsql volatile
as $$
declare
  v_lacking text[] := coord._lacking_paths(p_project_id, p_session_id, p_paths, p_shared);
  v_rows text[] := '{}';
begin
  if v_lacking = '{}' then return; end if;
  if p_limit is not null then
    v_rows := coord._held_below(p_project_id, p_session_id, v_lacking, p_limit);
  end if;
  if cardinality(v_rows) < coalesce(p_limit, 1) then v_rows := coord._overlapping_rows(p_project_id, v_lacking); end if;
  return query
    with held as materialized (
      select l.path, l.session_id, l.reason, l.acquired_at, l.expires_at from coord.locks l
      where l.project_id = p_project_id and l.path = any (v_rows)
        and l.session_id <> p_session_id and l.expires_at > clock_timestamp()
      union all
      select s.path, s.session_id, s.reason, s.acquired_at, s.expires_at from coord.lock_shares s
      where not p_shared and s.project_id = p_project_id and s.path = any (v_rows)
        and s.session_id <> p_session_id and s.expires_at > clock_timestamp()
    ), dead as materialized (
      -- Once a session, however many locks it has.
      select d.session_id from (select distinct o.session_id from held o) d
      where coord._is_dead(p_project_id, d.session_id)
    )
    select h.path, h.session_id, h.reason, h.acquired_at, h.expires_at, null::bigint
    from held h where h.session_id not in (select d.session_id from dead d);
  return query
    select w.paths[1], w.session_id, null::text, w.since, null::timestamptz, w.waiter_id
    from coord.lock_waiters w
    where w.project_id = p_project_id and w.session_id <> p_session_id and not (p_shared and w.shared)
      and (p_waiter_id is null or w.waiter_id < p_waiter_id)
      and coord._sets_overlap(v_lacking, w.paths);
end
$$;
