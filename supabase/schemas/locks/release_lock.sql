-- Releases locks of the calling session; says of every other path why it was not its to release.
-- Concurrency: one guarded UPDATE a path, in path order; a lock that has passed on matches nothing and is left alone.
create function coord.release_lock(p_caller jsonb, p_paths text[], p_tokens bigint[] default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'release_lock');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.locks l set session_id = null, reason = null, task_id = null
  where l.project_id = v_call.project_id and l.path = p_paths[1] and l.session_id = v_call.session_id
    and l.expires_at > clock_timestamp() and p_paths[2] is null
    and l.token = coalesce(p_tokens[1], l.token) and p_tokens[2] is null;
  if not found then return coord._release_locks(v_call, p_paths, p_tokens); end if;
  return coord._leave(v_call, jsonb_build_object('released', true, 'released_paths', p_paths,
    'not_held', '[]'::jsonb), p_paths[1]);
end
$$;

grant execute on function coord.release_lock to coord_app;
