-- The envelope of an error, the same on every door.
create function coord._error(p_code text, p_message text, p_hint text, p_details jsonb default null) returns jsonb
language sql immutable parallel safe
as $$
  select pg_catalog.jsonb_build_object('error', pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
    'code', p_code, 'message', p_message, 'hint', p_hint, 'details', p_details)));
$$;
