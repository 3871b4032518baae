-- Writes the next version of a project's policies; null when p_seen, the version that the caller has seen, is not the
-- newest any more. Versions beyond the newest hundred are forgotten.
-- Concurrency: the primary key lets one of two writers make a version; the other one finds its seen version outdated.
create function coord._store_policies(
  p_call coord._call, p_project_id integer, p_seen integer, p_policies jsonb, p_change text
) returns integer
language plpgsql volatile
as $$
declare
  v_version integer;
begin
  insert into coord.cedar_policies as c (project_id, version, policies, change, set_by)
  select p_project_id, p_seen + 1, p_policies, p_change, p_call.agent
  where (coord._current_policies(p_project_id)).version = p_seen
  on conflict do nothing
  returning c.version into v_version;
  delete from coord.cedar_policies c where c.project_id = p_project_id and c.version <= v_version - 100;
  return v_version;
end
$$;
