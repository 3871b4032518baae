-- Releases locks of the calling session; says of every other path why it was not its to release.
-- Concurrency: one guarded UPDATE a path, in path order; a lock that has passed on matches nothing and is left alone.
create function coord.release_lock(p_caller jsonb, p_paths text[], p_tokens bigint[] default null) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'release_lock');
  v_path text;
  v_token bigint;
  v_reason text;
  v_released jsonb := '[]';
  v_not_held jsonb := '[]';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if cardinality(p_paths) = 1 and p_tokens is null then
    v_path := coord._normal_path(p_paths[1]);
    v_reason := coord._release_lock(v_call, v_path, null);
    if v_reason is null then
      return coord._leave(v_call,
        jsonb_build_object('released', true, 'released_paths', jsonb_build_array(v_path), 'not_held', v_not_held), v_path);
    end if;
    v_not_held := jsonb_build_array(jsonb_build_object('path', v_path, 'reason', v_reason));
  elsif cardinality(p_tokens) <> cardinality(p_paths) then
    return coord._refuse(v_call, 'invalid_input', 'tokens: must have one token for each of paths',
      'Leave tokens out, or give one for each path in the same order.');
  else
    for v_path, v_token in
      select distinct on (w.path) w.path, w.token
      from (
        select coord._normal_path(u.path) collate "C" as path, u.token from unnest(p_paths, p_tokens) u(path, token)
      ) w
      order by w.path
    loop
      v_reason := coord._release_lock(v_call, v_path, v_token);
      if v_reason is null then
        v_released := v_released || to_jsonb(v_path);
      else
        v_not_held := v_not_held || jsonb_build_object('path', v_path, 'reason', v_reason);
      end if;
    end loop;
  end if;
  return coord._leave(v_call,
    jsonb_build_object('released', v_not_held = '[]', 'released_paths', v_released, 'not_held', v_not_held)
      || case when v_not_held = '[]' then '{}'::jsonb
        else '{"hint": "See not_held. Whatever you wrote after a lock had lapsed may clash with its next holder."}' end,
    v_path, jsonb_build_object('released', v_released, 'not_held', v_not_held),
    case when v_not_held = '[]' then 'ok' else 'not_held' end);
end
$$;

grant execute on function coord.release_lock to coord_app;
