-- Cleans up in all projects: called every few seconds by any long-running process, or by pg_cron.
create function coord.sweep_projects() returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select coord._sweep(null) $$;

grant execute on function coord.sweep_projects to coord_app;
