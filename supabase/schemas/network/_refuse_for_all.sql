-- What a key is told that would change what holds for all projects.
create function coord._refuse_for_all(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'forbidden', 'A key administers its own project only.',
    'Change what holds for all projects on the machine that runs the coordinator.');
$$;
