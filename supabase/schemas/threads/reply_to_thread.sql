-- Adds a post to a thread that is not resolved. Who is mentioned, and who opened the thread, finds it in the inbox.
-- Concurrency: the thread's row is locked before it is looked at, so a reply comes before or after the thread was
-- resolved, and posts are numbered one after the other. The agent's row (_silent_until) is locked after it.
create function coord.reply_to_thread(
  p_caller jsonb, p_thread_id uuid, p_text text, p_mentions text[] default '{}'
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'reply_to_thread');
  v_thread coord.threads;
  v_unknown text;
  v_until timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select t.* into v_thread from coord.threads t
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id for update;
  if not found then return coord._refuse_thread(v_call); end if;
  if v_thread.status = 'resolved' then
    return coord._refuse(v_call, 'conflict', 'The thread is resolved.',
      'Open a new one with create_thread, or this one again: set_thread_status active.', '{"reason": "resolved"}',
      'thread:' || p_thread_id);
  end if;
  v_unknown := coord._unknown_agent(v_call.project_id, p_mentions);
  if v_unknown is not null then return coord._refuse_mention(v_call, v_unknown); end if;
  v_until := coord._silent_until(v_call, 1 + cardinality(p_mentions));
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  update coord.threads t set posts = t.posts + 1, changed_at = clock_timestamp()
  where t.project_id = v_call.project_id and t.thread_id = p_thread_id;
  perform coord._write_post(v_call, v_thread, v_thread.posts + 1, p_text, p_mentions);
  return coord._leave(v_call, jsonb_build_object('thread_id', p_thread_id, 'status', v_thread.status,
    'post_number', v_thread.posts + 1), 'thread:' || p_thread_id,
    jsonb_build_object('post_number', v_thread.posts + 1, 'mentions', p_mentions));
end
$$;

grant execute on function coord.reply_to_thread to coord_app;
