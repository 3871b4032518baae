-- Releases paths, in path order, and says of every other one why it was not the session's to release.
create function coord._release_locks(p_call coord._call, p_paths text[], p_tokens bigint[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_wanted record;
  v_reason text;
  v_released jsonb := '[]';
  v_not_held jsonb := '[]';
  v_answer jsonb;
begin
  if cardinality(p_tokens) <> cardinality(p_paths) then
    return coord._refuse(p_call, 'invalid_input', 'tokens: must have one token for each of paths',
      'Leave tokens out, or give one for each path in the same order.');
  end if;
  for v_wanted in
    select distinct on (w.path) w.path, w.token
    from (
      select coord._normal_path(u.path) collate "C" as path, u.token from unnest(p_paths, p_tokens) u(path, token)
    ) w
    order by w.path
  loop
    v_reason := coord._release_lock(p_call, v_wanted.path, v_wanted.token);
    if v_reason is null then
      v_released := v_released || to_jsonb(v_wanted.path);
    else
      v_not_held := v_not_held || jsonb_build_object('path', v_wanted.path, 'reason', v_reason);
    end if;
  end loop;
  v_answer := jsonb_build_object('released', v_not_held = '[]', 'released_paths', v_released, 'not_held', v_not_held)
    || case when v_not_held = '[]' then '{}'::jsonb
      else '{"hint": "See not_held. Whatever you wrote after a lock had lapsed may clash with its next holder."}' end;
  return coord._leave(p_call, v_answer,
    coalesce(v_answer #>> '{released_paths,0}', v_answer #>> '{not_held,0,path}'), v_answer,
    case when v_not_held = '[]' then 'ok' else 'not_held' end);
end
$$;
