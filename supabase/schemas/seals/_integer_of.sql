-- Eight bytes as the number they stand for, the first byte counting most.
create function coord._integer_of(p_bytes bytea) returns bigint
language sql immutable
as $$ select ('x' || encode(p_bytes, 'hex'))::bit(64)::bigint $$;
