-- Counts a call of an agent with limits; null, or the refusal when it had all of its hour. The hour begins with the
-- first call after the last one has passed.
-- Concurrency: the count is checked and written by one statement under the row lock, which is kept until the call ends.
-- So of calls at the same time none goes beyond the limit, and nothing else that is limited is counted by two at once.
create function coord._count_call(p_call coord._call, p_restrictions jsonb, p_counts boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_most integer := (p_restrictions ->> 'calls_per_hour')::integer;
  v_now timestamptz := clock_timestamp();
  v_resets_at timestamptz;
begin
  insert into coord.agent_usage as u (project_id, agent, calls, since)
  values (p_call.project_id, p_restrictions ->> 'account', p_counts::integer, v_now)
  on conflict (project_id, agent) do update set
    calls = p_counts::integer + case when u.since > v_now - interval '1 hour' then u.calls else 0 end,
    since = case when u.since > v_now - interval '1 hour' then u.since else v_now end
  where not p_counts or v_most is null or u.calls < v_most or u.since <= v_now - interval '1 hour';
  if found then return null; end if;
  select u.since + interval '1 hour' into v_resets_at from coord.agent_usage u
  where u.project_id = p_call.project_id and u.agent = p_restrictions ->> 'account';
  return coord._refuse(p_call, 'limit_exceeded', format('This agent has made its %s calls of the hour.', v_most),
    'Wait until then, or ask an administrator for another profile.',
    jsonb_build_object('reason', 'resource_limit_exceeded', 'limit', 'calls_per_hour', 'most', v_most, 'used', v_most,
      'resets_at', v_resets_at,
      'retry_after_seconds', greatest(1, ceil(extract(epoch from v_resets_at - clock_timestamp())))));
end
$$;
