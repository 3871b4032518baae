-- What a repetition of a call is told instead of the key that the call made.
create function coord._key_shown_already(p_key_id text) returns jsonb
language sql immutable
as $$
  select coord._error('conflict', 'This key was made already and is shown only once.',
    format('If it got lost, revoke it (%s) and make another.', p_key_id));
$$;
