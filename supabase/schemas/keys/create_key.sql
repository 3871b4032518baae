-- Makes a key of the caller's project: ac_<id>_<secret><checksum>. 256 random bits from three UUIDs of Postgres' own
-- strong generator; the checksum lets doors refuse a mistyped key without asking. Nobody can make a key that is
-- trusted more than himself. The answer is the only place where the secret ever stands: a repetition with the same
-- idempotency key is told so instead.
create function coord.create_key(
  p_caller jsonb, p_agent text, p_agent_type text default 'cloud', p_trust integer default 2,
  p_description text default null, p_expires_in_days integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_key');
  v_key_id text := left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 12);
  v_secret text := encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    || uuid_send(gen_random_uuid())), 'hex');
  v_trust smallint := coord._trust(v_call);
  v_expires_at timestamptz := clock_timestamp() + make_interval(days => p_expires_in_days);
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_trust > v_trust then
    return coord._refuse(v_call, 'forbidden', 'A key cannot be trusted more than its maker.',
      format('Ask for trust %s or less.', v_trust));
  end if;
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, description, expires_at,
    made_by, made_with)
  values (v_key_id, v_call.project_id, encode(sha256(convert_to(v_secret, 'UTF8')), 'hex'), p_agent, p_agent_type,
    p_trust, p_description, v_expires_at, v_call.agent, p_caller ->> 'key_id');
  return coord._leave(v_call,
    jsonb_build_object('key_id', v_key_id, 'agent', p_agent, 'trust', p_trust, 'expires_at', v_expires_at, 'api_key',
      'ac_' || v_key_id || '_' || v_secret
      || left(encode(sha256(convert_to(v_key_id || '_' || v_secret, 'UTF8')), 'hex'), 8)),
    'key:' || v_key_id, jsonb_build_object('agent', p_agent, 'trust', p_trust),
    p_kept => coord._error('conflict', 'This key was made already and is shown only once.',
      format('If it got lost, revoke it (%s) and make another.', v_key_id)));
end
$$;

grant execute on function coord.create_key to coord_app;
