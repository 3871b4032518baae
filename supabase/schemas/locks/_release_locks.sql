-- Releases paths, in path order, and says of every other one why it was not the session's to release.
-- Concurrency: what is held exclusively is freed by one statement that locks the rows in path order; the rest one by
-- one.
create function coord._release_locks(p_call coord._call, p_paths text[], p_tokens bigint[]) returns jsonb
language plpgsql volatile set plan_cache_mode = force_generic_plan
as $$
declare
  v_wanted text[] := array(select coord._normal_path(p.path) from unnest(p_paths) p(path));
  v_released text[];
  v_other record;
  v_reason text;
  v_not_held jsonb := '[]';
  v_answer jsonb;
begin
  if cardinality(p_tokens) <> cardinality(p_paths) then
    return coord._refuse(p_call, 'invalid_input', 'tokens: must have one token for each of paths',
      'Leave tokens out, or give one for each path in the same order.');
  end if;
  with mine as materialized (
    select l.path from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (v_wanted) and l.session_id = p_call.session_id
      and l.expires_at > clock_timestamp()
      and (p_tokens is null or l.token = p_tokens[array_position(v_wanted, l.path)])
    order by l.path for update
  ), freed as (
    update coord.locks l set session_id = null, reason = null, task_id = null
    from mine m where l.project_id = p_call.project_id and l.path = m.path
    returning l.path
  )
  select coalesce(array_agg(f.path order by f.path), '{}') into v_released from freed f;
  for v_other in
    select distinct on (w.path) w.path collate "C" as path, w.token from unnest(v_wanted, p_tokens) w(path, token)
    where w.path <> all (v_released) order by w.path
  loop
    v_reason := coord._release_lock(p_call, v_other.path, v_other.token);
    if v_reason is null then
      v_released := v_released || v_other.path;
    else
      v_not_held := v_not_held || jsonb_build_object('path', v_other.path, 'reason', v_reason);
    end if;
  end loop;
  v_answer := jsonb_build_object('released', v_not_held = '[]', 'released_paths', to_jsonb(v_released),
    'not_held', v_not_held);
  if v_not_held = '[]' then return coord._leave(p_call, v_answer, v_released[1], v_answer); end if;
  v_answer := v_answer
    || jsonb_build_object('hint', case when v_not_held @> '[{"reason": "lapsed"}]'
      then 'See not_held. Whatever you wrote after a lock had lapsed may clash with its next holder.'
      else 'See not_held for what was not yours to release; check_locks says who holds it.' end);
  return coord._leave(p_call, v_answer, coalesce(v_released[1], v_not_held #>> '{0,path}'),
    -- What was not held may be any text, and many.
    v_answer - 'hint' || jsonb_build_object('not_held', jsonb_path_query_array(v_not_held, '$[0 to 9]')), 'not_held');
end
$$;
