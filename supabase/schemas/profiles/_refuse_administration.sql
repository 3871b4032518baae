-- Refuses to let somebody administer profiles or keys who is limited by a profile himself: he could give himself, or a
-- new key, more than he has. Null for everybody else: who may administer has trust 4, and nobody has more.
create function coord._refuse_administration(p_call coord._call) returns jsonb
language plpgsql volatile
as $$
begin
  perform from coord.sessions s
  cross join lateral coord._authority(s.project_id, s.agent, coalesce(s.delegated_from, s.agent), s.granted_type,
    s.granted_trust, s.key_id) a
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id
    and (a.session_seconds is not null or coalesce(a.restrictions - '{scopes,account,profile}'::text[], '{}') <> '{}');
  if not found then return null; end if;
  return coord._refuse(p_call, 'forbidden', 'Who is limited by a profile cannot change profiles or make keys.',
    'Ask an administrator without limits, or use the command line of the machine that runs the coordinator.',
    '{"reason": "operation_not_permitted"}');
end
$$;
