-- What p_caller is in a call of a session that says no more than who calls: no idempotency key, no repetition.
create function coord._caller_of(p_project_id integer, p_session_id uuid, p_key_id text) returns jsonb
language sql immutable parallel safe
as $$
  select jsonb_strip_nulls(jsonb_build_object('project_id', p_project_id, 'session_id', p_session_id, 'key_id', p_key_id));
$$;
