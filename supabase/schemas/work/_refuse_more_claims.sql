-- What an agent is told that has claimed as many tasks as it may.
create function coord._refuse_more_claims(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'limit_exceeded', 'This agent has claimed 2,000 tasks.',
    'Complete or release some of them before you claim more.', '{"reason": "too_many_claims"}');
$$;
