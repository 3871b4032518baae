-- What the frame does for a session with restrictions: refuses what its key, its profile or a suspension forbids, and
-- counts the call, unless it is one of upkeep: these are always allowed, and who ends a session with subagents waits for
-- theirs, of which each may be waiting for the count. Limits on locks and files go on in the call, for _acquire and _take_paths. p_counts: false for a
-- call that asks again while it waits, which is one call however often it asks.
create function coord._restrict(p_call coord._call, p_restrictions jsonb, p_counts boolean) returns coord._call
language plpgsql volatile
as $$
declare
  v_forbidden_by text := coord._forbidden_by(p_restrictions, p_call.operation);
  v_upkeep boolean := p_call.operation in ('register_session', 'heartbeat', 'end_session', 'get_my_profile');
begin
  if v_forbidden_by = 'suspended' then
    p_call.answer := coord._refuse(p_call, 'forbidden', 'This agent is suspended.',
      'Stop, and ask an administrator: agentcoord agent resume <agent>.', '{"reason": "suspended"}');
  elsif v_forbidden_by = 'scopes' then
    p_call.answer := coord._refuse(p_call, 'forbidden', format('The scopes of this key do not include %s.', p_call.operation),
      'Use another key, or ask an administrator for one with that scope.', '{"reason": "operation_not_permitted"}');
  elsif v_forbidden_by = 'profile' then
    p_call.answer := coord._refuse(p_call, 'forbidden',
      format('The profile %s does not permit %s.', p_restrictions ->> 'profile', p_call.operation),
      'Leave it to another agent, or ask an administrator; get_my_profile says what is permitted.',
      '{"reason": "operation_not_permitted"}');
  elsif not v_upkeep and p_restrictions ?| '{calls_per_hour,max_locks,max_files}' then
    p_call.answer := coord._count_call(p_call, p_restrictions, p_counts);
    if p_restrictions ?| '{max_locks,max_files}' then
      p_call.extra := coalesce(p_call.extra, '{}') || jsonb_build_object('limits', p_restrictions);
    end if;
  end if;
  return p_call;
end
$$;
