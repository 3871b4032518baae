-- The session of a caller that names none: the standing one of its key or label, opened when there is none.
-- Null for a key that is dead, and for a caller without key and label, who has to register first.
-- Opening it is journalled as the registration that it stands for, unless the call is one: that has its own row.
create function coord._standing_session(p_caller jsonb, p_operation text) returns uuid
language plpgsql volatile
as $$
declare
  v_label text := coalesce(p_caller ->> 'label', 'key:' || (p_caller ->> 'key_id'));
  v_session_id uuid;
begin
  select s.session_id into v_session_id
  from coord.sessions s
  where s.project_id = (p_caller ->> 'project_id')::integer and s.label = v_label and s.ended_at is null
    and (s.key_id = p_caller ->> 'key_id' or (s.key_id is null and s.agent = p_caller ->> 'agent'
      and s.granted_trust = (p_caller ->> 'trust')::smallint))
  limit 1;
  if v_label is null or v_session_id is not null then return v_session_id; end if;
  v_session_id := coord._open_session(p_caller, v_label);
  if v_session_id is not null and p_operation <> 'register_session' then
    perform coord._journal(s.project_id, 'register_session', 'session:' || s.session_id, 'ok',
      p_session_id => s.session_id, p_agent => s.agent)
    from coord.sessions s
    where s.project_id = (p_caller ->> 'project_id')::integer and s.session_id = v_session_id;
  end if;
  return v_session_id;
end
$$;
