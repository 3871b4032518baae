-- What of a session's restrictions forbids an operation: suspended, scopes or profile; null for nothing.
-- Whoever may not call an operation may not call it for several at once.
-- A session may always say who it is and live on, so that no list of operations locks anybody out by accident.
create function coord._forbidden_by(p_restrictions jsonb, p_operation text) returns text
language plpgsql immutable
as $$
declare
  v_words text[] := array(select jsonb_array_elements_text(coord._operation_words() -> p_operation));
begin
  if p_restrictions ? 'suspended' then
    return case when p_operation not in ('get_my_profile', 'end_session') then 'suspended' end;
  elsif p_operation in ('register_session', 'heartbeat', 'end_session', 'get_my_profile') then return null;
  elsif not coalesce(p_restrictions -> 'scopes' ?| v_words, true) then return 'scopes';
  elsif p_restrictions -> 'blocked' ?| (v_words || regexp_replace(p_operation, '_batch$', '')) or not p_restrictions -> 'allowed' ?| v_words then return 'profile';
  end if;
  return null;
end
$$;
