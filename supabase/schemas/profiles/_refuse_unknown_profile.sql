create function coord._refuse_unknown_profile(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', 'There is no such profile in this project.',
    'List them: agentcoord profiles list.');
$$;
