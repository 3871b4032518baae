-- complete_work under the name that earlier coordinators had.
create function coord.complete_task(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_result jsonb default null, p_error text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.complete_work(p_caller, p_task_id, p_claim_token, p_error is null, p_result, p_error);
end
$$;

grant execute on function coord.complete_task to coord_app;
