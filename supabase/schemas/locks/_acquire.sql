-- acquire_lock for all but one free plain file; answers that the frame has are passed on. Renewals, several free files
-- and a plain refusal need no more than the rows themselves; the rest is decided by _acquire_closely.
create function coord._acquire(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_paths text[];
  v_locks jsonb;
begin
  if p_call.answer is not null then return p_call.answer; end if;
  if p_call.extra ? 'limits' then
    return coord._acquire_within_limits(p_call, p_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  end if;
  v_paths := coord._normal_paths(p_paths);
  if not p_shared and v_paths[2] is null then
    v_locks := coord._renew_lock(p_call, v_paths[1], p_reason, p_ttl_seconds);
  elsif not p_shared then
    v_locks := coord._take_free(p_call, v_paths, p_reason, p_ttl_seconds);
  end if;
  if v_locks is not null then
    return coord._leave(p_call, jsonb_build_object('acquired', true, 'locks', v_locks), v_paths[1], v_locks);
  elsif p_wait_seconds = 0 and v_paths[2] is null and coord._is_held(p_call, v_paths[1]) then
    return coord._refuse_lock(p_call, v_paths, p_shared);
  end if;
  perform coord._serialize_locks(p_call.project_id, p_paths[1]);
  return coord._acquire_closely(p_call, v_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
end
$$;
