-- What a token for reading the caller's project through PostgREST says. The process that asked signs it: the secret it
-- is signed with is in no database (see core's read_tokens). Times are the database's, which looks at them again when
-- the token is used. A repetition with the same idempotency key is signed to the same token.
create function coord.create_read_token(
  p_caller jsonb, p_expires_in_minutes integer default 60, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'create_read_token');
  v_now timestamptz := date_trunc('second', clock_timestamp());
  v_expires_at timestamptz := v_now + make_interval(mins => p_expires_in_minutes);
  v_version integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed @> '{"can_sign": true}' is not true then
    return coord._refuse(v_call, 'conflict', 'The process that answers has no secret to sign tokens with.',
      'Set AGENTCOORD_JWT_SECRET, where the coordinator runs, to the secret that PostgREST checks tokens with.');
  end if;
  select p.read_token_version into v_version from coord.projects p where p.project_id = v_call.project_id;
  return coord._leave(v_call, jsonb_build_object('expires_at', v_expires_at, 'claims', jsonb_build_object(
      'role', 'authenticated', 'aud', 'authenticated', 'iss', 'agentcoord',
      'iat', extract(epoch from v_now)::bigint, 'exp', extract(epoch from v_expires_at)::bigint,
      'coord_project', jsonb_build_object('id', v_call.project_id, 'version', v_version))),
    'project:' || v_call.project_id, jsonb_build_object('expires_at', v_expires_at));
end
$$;

grant execute on function coord.create_read_token to coord_app;
