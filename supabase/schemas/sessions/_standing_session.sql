-- The session of a caller that names none: the standing one of its key or label, opened when there is none.
-- Null for a key that is dead, and for a caller without key and label, who has to register first.
create function coord._standing_session(p_caller jsonb) returns uuid
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
      and s.trust = (p_caller ->> 'trust')::smallint))
  limit 1;
  if v_label is null or v_session_id is not null then return v_session_id; end if;
  return coord._open_session(p_caller, v_label);
end
$$;
