-- Puts an item into an inbox: of all sessions of an agent, of the named one, or of everybody when p_agent is null.
-- p_item are the fields that the reader gets beside kind and subject ("task:<id>", "approval:<id>", a path); its
-- "text" says what happened and what to do. What is for a session that is dead before it has read it goes to the next
-- session of its agent that reads.
-- Concurrency: one insert, which waits for nobody. Who waits in read_inbox asks again when the operation that
-- called this has `wakes: true`, else within about a second.
create function coord._inbox_add(
  p_project_id integer, p_agent text, p_session_id uuid, p_kind text, p_item jsonb, p_subject text
) returns void
language sql volatile
as $$
  insert into coord.inbox_items (project_id, item_id, agent, session_id, kind, subject, item)
  values (p_project_id, coord._new_id(), coalesce(p_agent, ''), p_session_id, p_kind, p_subject, p_item);
$$;
