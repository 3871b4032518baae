-- Locks that are held now: of the given paths, or all of the project in path order.
create function coord.check_locks(p_caller jsonb, p_paths text[] default null, p_limit integer default 200) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_locks');
  v_paths text[];
  v_locks jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_paths is not null then
    v_paths := array(select coord._normal_path(p) from unnest(p_paths) p);
  end if;
  select coalesce(jsonb_agg(h.lock order by h.path), '[]') into v_locks
  from (
    select l.path, jsonb_build_object('path', l.path, 'agent', s.agent, 'agent_type', s.agent_type,
      'session_id', l.session_id, 'reason', l.reason, 'since', l.acquired_at, 'expires_at', l.expires_at,
      'token', l.token, 'mine', l.session_id = v_call.session_id) as lock
    from coord.locks l
    join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
    where l.project_id = v_call.project_id and (v_paths is null or l.path = any (v_paths))
      and l.expires_at > clock_timestamp() and coord._holds(s.ended_at, s.lease_expires_at)
    order by l.path limit p_limit + 1
  ) h;
  return coord._leave(v_call, jsonb_build_object('locks', jsonb_path_query_array(v_locks, '$[0 to $n]',
    jsonb_build_object('n', p_limit - 1)), 'truncated', jsonb_array_length(v_locks) > p_limit));
end
$$;

grant execute on function coord.check_locks to coord_app;
