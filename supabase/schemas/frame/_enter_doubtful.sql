-- The rest of _enter: callers without a session, dead sessions, missing trust, restrictions, the touch that keeps a
-- session and its claims alive (at most every 5 s, so that a bare key or a transaction of many calls does not write its
-- session's row each time), notices, idempotency keys.
-- Concurrency: a lapsed session can never come back. The touch repeats the check of the lease under the row lock, so
-- a process that was paused between look-up and touch finds itself lapsed, and whoever took its locks is right.
create function coord._enter_doubtful(p_caller jsonb, p_operation text, p_active boolean) returns coord._call
language plpgsql volatile
as $$
declare
  v_call coord._call;
  v_session_id uuid := coalesce((p_caller ->> 'session_id')::uuid, coord._standing_session(p_caller, p_operation));
  v_found record;
  v_renews boolean := false;
begin
  select s.project_id, s.session_id, s.agent, s.trust, s.restrictions, s.fresh_until > clock_timestamp() as fresh,
    coalesce(s.delegated_from, s.agent) as account
  into v_found
  from coord.sessions s
  where s.project_id = (p_caller ->> 'project_id')::integer and s.session_id = v_session_id
    -- A key speaks only for its own sessions, a local process never for those of a key.
    and s.key_id is not distinct from p_caller ->> 'key_id';
  v_call := row(v_found.project_id, v_found.session_id, v_found.agent, p_operation, null, null);
  if v_session_id is null then
    v_call.answer := coord._error('unauthenticated', 'This credential has no session, and may not open one.',
      'A key may have expired or been revoked: ask for a new one (agentcoord keys create <agent>). Without a key, call register_session first.');
  elsif v_call.session_id is null then
    v_call.answer := coord._unknown_session();
  elsif not v_found.fresh then
    v_renews := coord._touch_session(v_call.project_id, v_session_id, p_active);
    if v_renews is null and coord._resume() then
      v_renews := coord._touch_session(v_call.project_id, v_session_id, p_active);
    end if;
    if v_renews is null then v_call.answer := coord._refuse_ended(v_call); end if;
  end if;
  -- Looked at here as well: a suspension does not wait for sessions that are in the middle of a call.
  if v_call.answer is null and not coalesce(v_found.restrictions ? 'suspended', false)
    and coord._is_suspended(v_call.project_id, v_call.agent, v_found.account)
  then
    v_found.restrictions := coalesce(v_found.restrictions, '{}') || '{"suspended": true}';
    v_renews := false;
    update coord.sessions s set restrictions = v_found.restrictions, fresh_until = '-infinity'
    where s.project_id = v_call.project_id and s.session_id = v_session_id;
  end if;
  if v_call.answer is null and v_found.restrictions is not null then
    v_call := coord._restrict(v_call, v_found.restrictions, p_active and not p_caller ? 'repeated');
  end if;
  if v_call.answer is not null then
    if v_renews then perform coord._renew_claims(v_call.project_id, v_session_id); end if;
    return v_call;
  end if;
  -- Those with paths follow when the call is closed (see _leave_with_extra), because it may have to wait for tasks.
  if v_renews and coord._renew_claims(v_call.project_id, v_session_id, p_plain => true) then
    v_call.extra := coalesce(v_call.extra, '{}') || '{"renews": true}';
  end if;
  if v_found.trust < coord._minimum_trust(p_operation) then
    v_call.answer := coord._refuse(v_call, 'forbidden',
      format('%s needs trust %s; this session has %s.', p_operation, coord._minimum_trust(p_operation), v_found.trust),
      'Ask an administrator, or do it from the command line of the machine that runs the coordinator.',
      '{"reason": "insufficient_trust_level"}');
  elsif p_caller ? 'idempotency_key' then
    v_call.extra := coalesce(v_call.extra, '{}') || jsonb_build_object('idempotency_key', p_caller ->> 'idempotency_key');
    v_call.answer := coord._replay(v_call, p_caller -> 'input', p_caller ? 'repeats');
  end if;
  -- Whoever has notices to be told is not fresh.
  if v_call.answer is null and p_active and not v_found.fresh then
    v_call.extra := nullif(coalesce(v_call.extra, '{}') || coord._notices(v_call), '{}');
  end if;
  return v_call;
end
$$;
