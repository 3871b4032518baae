-- What a caller is told about a thread that is not there.
create function coord._refuse_thread(p_call coord._call) returns jsonb
language sql volatile
as $$
  select coord._refuse(p_call, 'not_found', 'There is no such thread.', 'See list_threads for the threads of this project.');
$$;
