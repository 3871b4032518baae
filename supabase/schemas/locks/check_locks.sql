-- Locks that are held now: those that overlap the given paths, or all of the project; in path order.
create function coord.check_locks(p_caller jsonb, p_paths text[] default null, p_limit integer default 200) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_locks');
  v_rows text[];
  v_locks jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_paths is not null then
    v_rows := coord._overlapping_rows(v_call.project_id, coord._normal_paths(p_paths));
  end if;
  select coalesce(jsonb_agg(jsonb_build_object('path', h.path, 'agent', h.agent, 'agent_type', h.agent_type,
      'session_id', h.session_id, 'shared', h.shared, 'reason', h.reason, 'since', h.since, 'expires_at', h.expires_at,
      'token', h.token, 'mine', h.session_id = v_call.session_id,
      'waiting', (
        select count(*) from coord.lock_waiters w
        where w.project_id = v_call.project_id and w.asked_at > clock_timestamp() - interval '5 seconds'
          and coord._sets_overlap(w.paths, array[h.path])))
      order by h.path, h.since), '[]') into v_locks
  from coord._held_locks(v_call.project_id, v_rows, p_limit + 1) h;
  return coord._leave(v_call, jsonb_build_object('locks', jsonb_path_query_array(v_locks, '$[0 to $n]',
    jsonb_build_object('n', p_limit - 1)), 'truncated', jsonb_array_length(v_locks) > p_limit));
end
$$;

grant execute on function coord.check_locks to coord_app;
