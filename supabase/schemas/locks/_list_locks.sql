-- Live locks of a project in the form of check_locks: on the given rows, or all; p_session_id is who asks.
create function coord._list_locks(p_project_id integer, p_session_id uuid, p_rows text[], p_limit integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('path', h.path, 'agent', h.agent, 'agent_type', h.agent_type,
      'session_id', h.session_id, 'shared', h.shared, 'reason', h.reason, 'since', h.since, 'expires_at', h.expires_at,
      'token', h.token, 'mine', h.session_id is not distinct from p_session_id,
      'waiting', (
        select count(*) from coord.lock_waiters w
        where w.project_id = p_project_id and w.asked_at > clock_timestamp() - interval '5 seconds'
          and coord._sets_overlap(w.paths, array[h.path])))
      order by h.path, h.since), '[]') into v_locks
  from coord._held_locks(p_project_id, p_rows, p_limit + 1) h;
  return jsonb_build_object('locks', jsonb_path_query_array(v_locks, '$[0 to $n]',
    jsonb_build_object('n', p_limit - 1)), 'truncated', jsonb_array_length(v_locks) > p_limit);
end
$$;
