-- acquire_lock for all but one free plain file: several paths, trees and globs, shared locks, renewals, held locks,
-- waiting. Renewals and free plain files need no closer look; see _take for why the rest is safe.
create function coord._acquire(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_paths text[] := coord._normal_paths(p_paths);
  v_locks jsonb;
  v_full_until timestamptz;
  v_waiter_id bigint;
begin
  if not p_shared then
    v_locks := case when v_paths[2] is null then coord._renew_lock(p_call, v_paths[1], p_reason, p_ttl_seconds)
      else coord._take_free(p_call, v_paths, p_reason, p_ttl_seconds) end;
  end if;
  if v_locks is null then
    if coord._trust(p_call) < 3 and exists (select from unnest(v_paths) p(path) where coord._is_broad(p.path)) then
      return coord._refuse(p_call, 'forbidden', 'paths: a wildcard in the first segment needs trust 3.',
        'Begin with a folder, such as src/**/*.ts, or name the files.', '{"reason": "insufficient_trust_level"}');
    end if;
    perform coord._serialize_locks(p_call.project_id, p_paths[1]);
    v_waiter_id := (select w.waiter_id from coord.lock_waiters w
      where w.project_id = p_call.project_id and w.session_id = p_call.session_id and w.paths = v_paths
        and w.shared = p_shared limit 1);
    select t.locks, t.full_until into v_locks, v_full_until
    from coord._take(p_call, v_paths, p_shared, p_reason, p_ttl_seconds, null, v_waiter_id) t;
  end if;
  if v_locks is not null then
    return coord._leave(p_call, jsonb_build_object('acquired', true, 'locks', v_locks), v_paths[1], v_locks);
  elsif v_full_until is not null then
    return coord._refuse(p_call, 'limit_exceeded', 'This agent has locked 5,000 new paths within an hour.',
      'Lock trees such as src/api/ instead of single files, or go on later.',
      jsonb_build_object('reason', 'too_many_paths', 'resets_at', v_full_until));
  elsif p_wait_seconds > 0 then
    return coord._wait_for_lock(p_call, v_paths, p_shared, v_waiter_id);
  end if;
  return coord._refuse_lock(p_call, v_paths, p_shared, v_waiter_id);
end
$$;
