-- Version of the newest migration, for servers that cannot read the history table. A test compares the two.
create function coord.schema_version() returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select '20261121000000'::text $$;

grant execute on function coord.schema_version to coord_app;
