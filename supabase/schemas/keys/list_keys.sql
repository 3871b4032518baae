-- Keys of the caller's project, newest first, without anything secret.
create function coord.list_keys(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_keys');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('keys', coalesce((
    select jsonb_agg(jsonb_build_object('key_id', k.key_id, 'agent', k.agent, 'agent_type', k.agent_type,
      'trust', k.trust, 'scopes', k.scopes, 'description', k.description, 'created_at', k.created_at, 'expires_at', k.expires_at,
      'revoked_at', k.revoked_at, 'rotated_from', k.rotated_from) order by k.created_at desc)
    from coord.api_keys k where k.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_keys to coord_app;
