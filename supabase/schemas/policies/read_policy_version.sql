-- The policies of an earlier version, {name: text}, which core validates again before they are put in force; null for
-- one that is not kept, and for all projects where a key asks.
create function coord.read_policy_version(p_caller jsonb, p_version integer, p_all_projects boolean) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coord._policies_of_version(case when p_all_projects then 0 else (p_caller ->> 'project_id')::integer end, p_version)
  where not (p_all_projects and p_caller ->> 'key_id' is not null);
$$;

grant execute on function coord.read_policy_version to coord_app;
