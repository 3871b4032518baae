-- The profiles that every project begins with. Only `default` applies by itself, and it takes nothing away; the others
-- wait to be assigned.
create function coord._add_starting_profiles(p_project_id integer) returns void
language sql volatile
as $$
  insert into coord.profiles (project_id, profile, description, trust, allowed_operations, calls_per_hour, max_files)
  values
    (p_project_id, 'default', 'Everybody without another profile: all that the credential allows.', 4, null, null, null),
    (p_project_id, 'claude_code', 'An agent at the side of a person.', 3, null, 1000, 100),
    (p_project_id, 'web_reviewer', 'Reads, and changes nothing.', 1, '{read}', 1000, 0),
    (p_project_id, 'web_implementer', 'Works on tasks from elsewhere.', 2, null, 1000, 50),
    (p_project_id, 'codex_cloud', 'A worker in the cloud.', 2, null, 1000, 50),
    (p_project_id, 'orchestrator', 'Hands out work and watches over it.', 3, null, 1000, 200)
  on conflict do nothing;
$$;
