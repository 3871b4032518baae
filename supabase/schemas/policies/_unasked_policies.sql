-- The hint for who has policies, and asks a process that does not ask them.
create function coord._unasked_policies() returns jsonb
language sql immutable
as $$
  select jsonb_build_object('hint',
    'Stored policies decide only where POLICY_ENGINE=cedar is set, and it is not here: set it for each process that has the database.');
$$;
