-- How many rows somebody asks for who was not checked by the catalogue: 1 to 200, 50 when he does not say.
create function coord._limit_of(p_input jsonb, p_default integer) returns integer
language sql immutable
as $$ select least(greatest(coalesce((p_input ->> 'limit')::integer, p_default), 1), 200) $$;
