-- What a caller is told whose session is not his, has been forgotten, or never was: the same, whichever it is.
create function coord._unknown_session() returns jsonb
language sql immutable
as $$
  select coord._error('unauthenticated', 'There is no such session.',
    'Register again: call register_session without naming a session.', '{"reason": "session_ended"}');
$$;
