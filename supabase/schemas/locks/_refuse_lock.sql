-- Closes acquire_lock when others hold what was asked for. p_held: what _holder said of each.
create function coord._refuse_lock(p_call coord._call, p_held jsonb) returns jsonb
language sql volatile
as $$
  select coord._leave(p_call, jsonb_build_object('acquired', false,
      'blocked_by', jsonb_path_query_array(p_held, '$[0 to 4]'), 'blocked_count', jsonb_array_length(p_held),
      'hint', 'Nothing was locked. Do something else first, or ask the holder.'),
    p_held #>> '{0,path}', p_held, 'held', 'null');
$$;
