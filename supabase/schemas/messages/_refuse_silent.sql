-- What an agent is told that has written too much.
create function coord._refuse_silent(p_call coord._call, p_until timestamptz) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'limit_exceeded',
    'This agent has written 1,000 messages within an hour; one to all counts as ten.',
    'Write again later, and less: see retry_after_seconds.',
    jsonb_build_object('reason', 'too_many_messages', 'resets_at', p_until,
      'retry_after_seconds', ceil(extract(epoch from p_until - clock_timestamp()))));
$$;
