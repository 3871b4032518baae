-- acquire_lock for a session whose locks or files are limited.
create function coord._acquire_within_limits(
  p_call coord._call, p_paths text[], p_reason text, p_ttl_seconds integer, p_shared boolean, p_wait_seconds integer
) returns jsonb
language plpgsql volatile
as $$
declare
  v_paths text[] := coord._normal_paths(p_paths);
  v_details jsonb := coord._over_limit(p_call, v_paths, p_shared);
  v_call coord._call := p_call;
  v_answer jsonb;
begin
  if v_details is not null then
    return coord._refuse(p_call, 'limit_exceeded', case v_details ->> 'limit'
      when 'max_locks' then format('This agent may hold %s locks at once.', v_details ->> 'most')
      else format('This agent may lock %s files in an hour, named one by one.', v_details ->> 'most') end,
      'Release what you do not need, or ask an administrator; get_my_profile says what is left.', v_details);
  end if;
  v_call.extra := nullif(p_call.extra - 'limits', '{}');
  v_answer := coord._acquire(v_call, v_paths, p_reason, p_ttl_seconds, p_shared, p_wait_seconds);
  if v_answer -> 'acquired' = 'true' and not p_shared then perform coord._note_files(p_call, v_paths); end if;
  return v_answer;
end
$$;
