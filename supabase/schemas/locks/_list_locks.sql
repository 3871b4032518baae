-- Live locks of a project in the form of check_locks: on the given rows, or all; p_session_id is who asks.
-- How many wait for each is found by equal paths; only trees and globs are compared one by one.
create function coord._list_locks(p_project_id integer, p_session_id uuid, p_rows text[], p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with held as materialized (
    select * from coord._held_locks(p_project_id, p_rows, p_limit + 1)
  ), paths as materialized (
    select distinct h.path, coord._is_scope(h.path) as is_scope from held h
  ), asked as materialized (
    select w.waiter_id, a.path, coord._is_scope(a.path) as is_scope
    from coord.lock_waiters w cross join unnest(w.paths) a(path)
    where w.project_id = p_project_id and w.asked_at > clock_timestamp() - interval '5 seconds'
  ), waiting as (
    select p.path, a.waiter_id from paths p join asked a on a.path = p.path
    union
    select p.path, a.waiter_id from paths p join asked a on a.is_scope and coord._overlaps(p.path, a.path)
    union
    select p.path, a.waiter_id from paths p join asked a on p.is_scope and coord._overlaps(p.path, a.path)
  )
  select coalesce(jsonb_agg(jsonb_build_object('path', h.path, 'agent', h.agent, 'agent_type', h.agent_type,
      'session_id', h.session_id, 'shared', h.shared, 'reason', h.reason, 'since', h.since, 'expires_at', h.expires_at,
      'token', h.token, 'mine', h.session_id is not distinct from p_session_id, 'waiting', coalesce(w.waiters, 0))
      order by h.path, h.since), '[]') into v_locks
  from held h
  left join (select w.path, count(*) as waiters from waiting w group by w.path) w using (path);
  return jsonb_build_object('locks', jsonb_path_query_array(v_locks, '$[0 to $n]',
    jsonb_build_object('n', p_limit - 1)), 'truncated', jsonb_array_length(v_locks) > p_limit);
end
$$;
