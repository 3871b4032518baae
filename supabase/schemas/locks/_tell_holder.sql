-- Tells a session that a lock of its is gone: with its next call, and in the inbox of its agent.
create function coord._tell_holder(p_project_id integer, p_session_id uuid, p_notice jsonb) returns void
language plpgsql volatile
as $$
begin
  perform coord._notify(p_project_id, p_session_id, p_notice);
  perform coord._inbox_add(p_project_id, s.agent, p_session_id, 'lock_lost', p_notice - '{kind,message}'::text[]
    || jsonb_build_object('cause', p_notice -> 'kind', 'text', p_notice -> 'message'), p_notice ->> 'path')
  from coord.sessions s where s.project_id = p_project_id and s.session_id = p_session_id;
end
$$;
