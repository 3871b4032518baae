-- Looks whether the row is there and free, then takes it: between the two, somebody else may have done so.
select faults.plant('coord._take_lock', 'on conflict (project_id, path) do update set
    token = l.token + 1, session_id = excluded.session_id, reason = excluded.reason, acquired_at = clock_timestamp(),
    expires_at = clock_timestamp() + v_ttl
  where l.session_id is null or l.expires_at <= clock_timestamp()', 'on conflict do nothing');
select faults.plant('coord._take_lock', 'return coord._take_held_lock(p_call, p_path, p_reason, v_ttl);',
  'perform from coord.locks l where l.project_id = p_call.project_id and l.path = p_path
    and (l.session_id is null or l.expires_at <= clock_timestamp());
  if not found then return coord._take_held_lock(p_call, p_path, p_reason, v_ttl); end if;
  update coord.locks l set token = l.token + 1, session_id = p_call.session_id, acquired_at = clock_timestamp(),
    expires_at = clock_timestamp() + v_ttl
  where l.project_id = p_call.project_id and l.path = p_path
  returning jsonb_build_object(''path'', l.path, ''token'', l.token, ''expires_at'', l.expires_at, ''renewed'', false)
    into v_lock;
  return v_lock;');
