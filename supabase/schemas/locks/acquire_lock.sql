-- Locks files for the calling session, all or none; acquiring again renews. A lock that somebody else has is an
-- answer, not an error. Concurrency: see _take_lock and _take_locks; one path needs no block to roll back.
create function coord.acquire_lock(
  p_caller jsonb, p_paths text[], p_reason text default null, p_ttl_seconds integer default 900,
  p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'acquire_lock');
  v_path text;
  v_lock jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_paths[2] is not null then
    return coord._take_locks(v_call, p_paths, p_reason, p_ttl_seconds);
  end if;
  v_path := coord._normal_path(p_paths[1]);
  v_lock := coord._take_lock(v_call, v_path, p_reason, p_ttl_seconds);
  if v_lock is null then
    return coord._refuse_lock(v_call, jsonb_build_array(coord._holder(v_call.project_id, v_path)));
  end if;
  return coord._leave(v_call, jsonb_build_object('acquired', true, 'locks', jsonb_build_array(v_lock)), v_path, v_lock);
end
$$;

grant execute on function coord.acquire_lock to coord_app;
