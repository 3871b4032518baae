-- Makes a key of the caller's project. Nobody can make a key that is
-- trusted more than himself, or has more scopes, and nobody whom a profile limits makes keys at all. The answer is the
-- only place where the secret ever stands: a repetition with the same idempotency key is told so instead.
create function coord.create_key(
  p_caller jsonb, p_agent text, p_agent_type text default 'cloud', p_trust integer default 2,
  p_scopes text[] default null, p_description text default null, p_expires_in_days integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_key');
  v_key record := coord._new_key();
  v_trust smallint := coord._trust(v_call);
  v_expires_at timestamptz := clock_timestamp() + make_interval(days => p_expires_in_days);
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._refuse_words('scopes', p_scopes);
  if p_trust > v_trust or coord._exceeds_scopes(v_call, p_scopes) then
    return coord._refuse(v_call, 'forbidden', 'A key cannot be trusted more than its maker, or have more scopes.',
      format('Ask for trust %s or less, and for scopes that you have.', v_trust));
  end if;
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, scopes, description, expires_at,
    made_by, made_with)
  values (v_key.key_id, v_call.project_id, v_key.secret_hash, p_agent, p_agent_type, p_trust, p_scopes, p_description,
    v_expires_at, v_call.agent, p_caller ->> 'key_id');
  return coord._leave(v_call,
    jsonb_build_object('key_id', v_key.key_id, 'agent', p_agent, 'trust', p_trust, 'scopes', p_scopes,
      'expires_at', v_expires_at, 'api_key', v_key.api_key),
    'key:' || v_key.key_id, jsonb_strip_nulls(jsonb_build_object('agent', p_agent, 'trust', p_trust, 'scopes', p_scopes)),
    p_kept => coord._key_shown_already(v_key.key_id));
end
$$;

grant execute on function coord.create_key to coord_app;
