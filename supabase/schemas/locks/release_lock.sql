-- Releases locks of the calling session; says of every other path why it was not its to release.
-- Concurrency: one guarded UPDATE a path, in path order; a lock that has passed on matches nothing and is left alone.
create function coord.release_lock(p_caller jsonb, p_paths text[], p_tokens bigint[] default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'release_lock');
  v_path text;
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_tokens is not null then
    if cardinality(p_tokens) <> cardinality(p_paths) then
      return coord._refuse(v_call, 'invalid_input', 'tokens: must have one token for each of paths',
        'Leave tokens out, or give one for each path in the same order.');
    end if;
  end if;
  if p_paths[2] is null then
    v_path := coord._normal_path(p_paths[1]);
    if coord._release_lock(v_call, v_path, p_tokens[1]) is null then
      return coord._leave(v_call, jsonb_build_object(
        'released', true, 'released_paths', jsonb_build_array(v_path), 'not_held', '[]'::jsonb), v_path);
    end if;
  end if;
  v_answer := coord._release_locks(v_call, p_paths, p_tokens);
  return coord._leave(v_call, v_answer,
    coalesce(v_answer #>> '{released_paths,0}', v_answer #>> '{not_held,0,path}'), v_answer,
    case when (v_answer -> 'released')::boolean then 'ok' else 'not_held' end);
end
$$;

grant execute on function coord.release_lock to coord_app;
