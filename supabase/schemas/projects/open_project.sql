-- Id of the project of that name, made when it is new: what a local process asks once, before it has a caller.
create function coord.open_project(p_name text) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select to_jsonb(coord._project(p_name)) $$;

grant execute on function coord.open_project to coord_app;
