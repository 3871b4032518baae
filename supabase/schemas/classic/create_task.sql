-- submit_work under the name and with the words that earlier coordinators had.
create function coord.create_task(
  p_caller jsonb, p_title text, p_description text default null, p_priority text default 'normal',
  p_assignee text default null,
  p_capabilities text[] default null, p_files text[] default null, p_blocked_by uuid[] default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return coord.submit_work(p_caller, p_title, p_description,
    p_priority => ('{"urgent": 1, "high": 3, "normal": 5, "low": 8}'::jsonb ->> p_priority)::integer,
    p_depends_on => p_blocked_by, p_capabilities => p_capabilities, p_paths => p_files, p_assignee => p_assignee);
end
$$;

grant execute on function coord.create_task to coord_app;
