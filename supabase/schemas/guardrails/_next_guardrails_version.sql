-- Counts a change of the project's rules. Its row is locked until the end of the transaction, so that two changes
-- follow each other; it is the first that either locks.
create function coord._next_guardrails_version(p_project_id integer) returns integer
language sql volatile
as $$
  insert into coord.guardrail_versions as v (project_id, version) values (p_project_id, 1)
  on conflict (project_id) do update set version = v.version + 1
  returning version;
$$;
