-- Reserves an idempotency key, or gives the answer that the first call with it got. p_repeats: the guard has let the call
-- pass as a repetition, so it must find the first one, or it would be carried out although nobody has judged it.
-- Concurrency: the primary key decides. A second call at the same instant waits in the insert until the first has
-- committed, then reads its answer; if the first was rolled back, the second takes its place.
create function coord._replay(p_call coord._call, p_input jsonb, p_repeats boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_hash bytea := coord._input_hash(p_input);
  v_key text := p_call.extra ->> 'idempotency_key';
  v_first coord.idempotency_keys;
begin
  insert into coord.idempotency_keys (project_id, agent, key, operation, session_id, input_hash)
  values (p_call.project_id, p_call.agent, v_key, p_call.operation, p_call.session_id, v_hash)
  on conflict do nothing;
  if found and p_repeats then
    delete from coord.idempotency_keys k
    where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = v_key;
    return coord._error('conflict', 'The first call with this idempotency key has been forgotten: it is two days old.',
      'Use a new idempotency key.', '{"reason": "repetition_forgotten"}');
  end if;
  if found then return null; end if;
  select k.* into v_first from coord.idempotency_keys k
  where k.project_id = p_call.project_id and k.agent = p_call.agent and k.key = v_key;
  -- What was granted to one session must not be told to another: a lock, a claim, any token, what it read.
  if v_first.operation = p_call.operation and v_first.input_hash = v_hash and v_first.answer is not null
    and (v_first.session_id = p_call.session_id
      or not (v_first.answer ?| array['acquired', 'claimed', 'released', 'received', 'used', 'next', 'claims']
        or jsonb_path_exists(v_first.answer, '$.** ? (exists (@.token) || exists (@.claim_token))')))
  then
    return v_first.answer;
  end if;
  return coord._error('conflict', 'This idempotency key was used for another call.',
    'Use a new idempotency key for each call that differs.', '{"reason": "idempotency_key_reused"}');
end
$$;
