-- True when a detail is short in its row and not compressed there, which is told without reading it. Stable, as what it
-- calls: else Postgres does not inline it.
create function coord._is_small(p_detail jsonb) returns boolean
language sql stable parallel safe
as $$ select coalesce(pg_column_size(p_detail) <= 500 and pg_column_compression(p_detail) is null, true) $$;
