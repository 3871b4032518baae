-- How long a task rests after attempt number p_attempt has failed: base × attempt, or base × 2^(attempt − 1); at most a
-- day.
create function coord._retry_delay(p_retry text, p_retry_seconds integer, p_attempt integer) returns interval
language sql immutable parallel safe
as $$
  select least(interval '1 day', interval '1 second' * (p_retry_seconds *
    case p_retry when 'linear' then p_attempt else 2.0 ^ least(p_attempt - 1, 20) end)::double precision);
$$;
