-- Makes a key known that people have chosen themselves, by its hash: what a server asks at its start for each key of
-- its configuration. `imported` says whether it is new, `live` whether it works: it does not once it was revoked, or
-- when it belongs to another project.
-- Concurrency: many servers may start at once; the primary key decides.
create function coord.import_key(p_project_id integer, p_key_id text, p_secret_hash text, p_agent text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, description, made_by)
  values (p_key_id, p_project_id, p_secret_hash, p_agent, 'cloud', 2, 'From the configuration of the server.',
    'COORDINATION_API_KEYS')
  on conflict (key_id) do nothing;
  if found then
    perform coord._journal(p_project_id, 'create_key', 'key:' || p_key_id, 'ok',
      jsonb_build_object('agent', p_agent, 'trust', 2, 'imported', true));
    return '{"imported": true, "live": true}';
  end if;
  return jsonb_build_object('imported', false, 'live', exists (
    select from coord.api_keys k where k.key_id = p_key_id and k.project_id = p_project_id
      and k.secret_hash = p_secret_hash and k.revoked_at is null));
end
$$;

grant execute on function coord.import_key to coord_app;
