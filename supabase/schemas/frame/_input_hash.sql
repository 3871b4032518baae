-- By which the inputs of two calls with the same idempotency key are compared.
create function coord._input_hash(p_input jsonb) returns bytea
language sql immutable
as $$
  select sha256(convert_to(coalesce(p_input, '{}')::text, 'UTF8'));
$$;
