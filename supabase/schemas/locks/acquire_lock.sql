-- Locks files, trees, globs and names for the calling session, all or none; acquiring again renews. A lock that
-- somebody else has is an answer, not an error. With p_wait_seconds the caller is put into the queue and has to ask
-- again; core does that.
-- Concurrency: a free plain file is taken by one UPDATE, whose condition holds under the row lock; see the table for
-- `guarded`, and _take for the rest. Rows are kept under normal forms only, so a path that finds one is in it. `xmax`
-- leaves out a row that somebody else is just working on: an UPDATE that waits for it and is refused keeps its lock.
create function coord.acquire_lock(
  p_caller jsonb, p_paths text[], p_reason text default null, p_ttl_seconds integer default 900,
  p_shared boolean default false, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'acquire_lock');
  v_answer jsonb;
begin
  if v_call.answer is not null or v_call.extra ? 'limits' or p_shared or p_paths[2] is not null then
    return coord._acquire(v_call, p_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  end if;
  update coord.locks l set token = l.token + 1, session_id = v_call.session_id, reason = p_reason,
    acquired_at = clock_timestamp(), expires_at = clock_timestamp() + p_ttl_seconds * interval '1 second'
  where l.project_id = v_call.project_id and l.path = p_paths[1] and l.session_id is null and not l.guarded
    and l.xmax = 0
  returning jsonb_build_object('acquired', true, 'locks', jsonb_build_array(jsonb_build_object('path', l.path,
    'token', l.token, 'expires_at', l.expires_at, 'renewed', false))) into v_answer;
  if v_answer is null then
    return coord._acquire(v_call, p_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  end if;
  return coord._leave(v_call, v_answer, p_paths[1], v_answer);
end
$$;

grant execute on function coord.acquire_lock to coord_app;
