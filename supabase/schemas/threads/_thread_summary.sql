-- A thread as list_threads and read_thread answer it.
create function coord._thread_summary(p_thread coord.threads) returns jsonb
language sql stable
as $$
  select jsonb_build_object('thread_id', p_thread.thread_id, 'title', p_thread.title, 'priority', p_thread.priority,
    'status', p_thread.status, 'agent', p_thread.agent, 'posts', p_thread.posts, 'created_at', p_thread.created_at,
    'changed_at', p_thread.changed_at);
$$;
