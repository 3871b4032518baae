-- Writes a post of a thread whose row the caller has locked or made, and tells whom it mentions, and, of a reply,
-- whoever opened the thread.
create function coord._write_post(
  p_call coord._call, p_thread coord.threads, p_post_number integer, p_text text, p_mentions text[]
) returns void
language plpgsql volatile
as $$
begin
  insert into coord.thread_posts (project_id, thread_id, post_number, agent, session_id, text, mentions)
  values (p_call.project_id, p_thread.thread_id, p_post_number, p_call.agent, p_call.session_id, p_text, p_mentions);
  insert into coord.inbox_items (project_id, item_id, agent, from_session_id, kind, subject, item)
  select p_call.project_id, coord._new_id(), t.agent, p_call.session_id, t.kind, 'thread:' || p_thread.thread_id,
    jsonb_build_object('from', p_call.agent, 'thread_id', p_thread.thread_id, 'post_number', p_post_number,
      'title', p_thread.title, 'text', p_text)
  from (
    select distinct m.agent, 'mention' as kind from unnest(p_mentions) m(agent)
    union all
    select p_thread.agent, 'reply'
    where p_post_number > 1 and p_thread.agent <> p_call.agent and p_thread.agent <> all (p_mentions)) t;
end
$$;
