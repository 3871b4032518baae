-- What a session is told that is not alive any more.
create function coord._refuse_ended(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'unauthenticated', 'This session has ended or lapsed; what it held is free.',
    'Register again, then take the locks and tasks you still need.', '{"reason": "session_ended"}');
$$;
