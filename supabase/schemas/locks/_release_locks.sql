-- Releases several paths in path order and answers as release_lock does.
create function coord._release_locks(p_call coord._call, p_paths text[], p_tokens bigint[]) returns jsonb
language plpgsql volatile
as $$
declare
  v_path text;
  v_token bigint;
  v_reason text;
  v_released jsonb := '[]';
  v_not_held jsonb := '[]';
begin
  for v_path, v_token in
    select distinct on (w.path) w.path, w.token
    from (
      select coord._normal_path(u.path) collate "C" as path, u.token from unnest(p_paths, p_tokens) u(path, token)
    ) w
    order by w.path
  loop
    v_reason := coord._release_lock(p_call, v_path, v_token);
    if v_reason is null then
      v_released := v_released || to_jsonb(v_path);
    else
      v_not_held := v_not_held || jsonb_build_object('path', v_path, 'reason', v_reason);
    end if;
  end loop;
  return jsonb_build_object('released', v_not_held = '[]', 'released_paths', v_released, 'not_held', v_not_held)
    || case when v_not_held = '[]' then '{}'::jsonb
      else '{"hint": "See not_held. Whatever you wrote after a lock had lapsed may clash with its next holder."}' end;
end
$$;
