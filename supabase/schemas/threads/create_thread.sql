-- Opens a thread with its first post. Who is mentioned finds it in the inbox.
create function coord.create_thread(
  p_caller jsonb, p_title text, p_text text, p_priority text default 'normal', p_mentions text[] default '{}'
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_thread');
  v_unknown text;
  v_until timestamptz;
  v_thread coord.threads;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_unknown := coord._unknown_agent(v_call.project_id, p_mentions);
  if v_unknown is not null then return coord._refuse_mention(v_call, v_unknown); end if;
  v_until := coord._silent_until(v_call, 1 + cardinality(p_mentions));
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  insert into coord.threads (project_id, thread_id, title, priority, agent)
  values (v_call.project_id, coord._new_id(), p_title, p_priority, v_call.agent)
  returning * into v_thread;
  perform coord._write_post(v_call, v_thread, 1, p_text, p_mentions);
  return coord._leave(v_call, jsonb_build_object('thread_id', v_thread.thread_id, 'status', v_thread.status,
    'post_number', 1), 'thread:' || v_thread.thread_id, jsonb_build_object('title', p_title, 'mentions', p_mentions));
end
$$;

grant execute on function coord.create_thread to coord_app;
