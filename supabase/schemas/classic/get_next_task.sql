-- get_work under the name that earlier coordinators had.
create function coord.get_next_task(p_caller jsonb, p_wait_seconds integer default 0) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.get_work(p_caller, p_wait_seconds => p_wait_seconds);
end
$$;

grant execute on function coord.get_next_task to coord_app;
