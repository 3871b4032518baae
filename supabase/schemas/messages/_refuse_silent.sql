-- What an agent is told that has written too much.
create function coord._refuse_silent(p_call coord._call, p_until timestamptz) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'limit_exceeded', 'This agent has written 1,000 messages within an hour; one to everybody counts as ten.',
    'Write again after the time in `details`, and less.', jsonb_build_object('reason', 'too_many_messages', 'until', p_until));
$$;
