-- Locks files for the calling session, all or none; acquiring again renews. A lock that somebody else has is an
-- answer, not an error. Concurrency: see _take_lock and _take_locks; one path needs no block to roll back.
create function coord.acquire_lock(
  p_caller jsonb, p_paths text[], p_reason text default null, p_ttl_seconds integer default 900
) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'acquire_lock');
  v_taken jsonb;
  v_held jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if cardinality(p_paths) = 1 then
    v_taken := coord._take_lock(v_call, coord._normal_path(p_paths[1]), p_reason, p_ttl_seconds);
    if v_taken ? 'path' then
      return coord._leave(v_call, jsonb_build_object('acquired', true, 'locks', jsonb_build_array(v_taken)),
        v_taken ->> 'path', v_taken);
    end if;
    v_held := jsonb_build_array(v_taken -> 'held');
  else
    v_taken := coord._take_locks(v_call, p_paths, p_reason, p_ttl_seconds);
    v_held := v_taken -> 'held';
    if v_held is null then
      return coord._leave(v_call, v_taken || '{"acquired": true}', v_taken #>> '{locks,0,path}', v_taken);
    end if;
  end if;
  return coord._leave(v_call, jsonb_build_object('acquired', false,
      'blocked_by', jsonb_path_query_array(v_held, '$[0 to 4]'), 'blocked_count', jsonb_array_length(v_held),
      'hint', 'Nothing was locked. Do something else first, or ask the holder.'),
    v_held #>> '{0,path}', v_held, 'held');
end
$$;

grant execute on function coord.acquire_lock to coord_app;
