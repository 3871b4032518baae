-- The policies of a version; none of version 0, null of one that is not kept.
create function coord._policies_of_version(p_project_id integer, p_version integer) returns jsonb
language sql stable
as $$
  select case when p_version = 0 then '{}' else (
    select c.policies from coord.cedar_policies c where c.project_id = p_project_id and c.version = p_version) end;
$$;
