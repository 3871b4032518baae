-- Which project a key is of, and until when it works; null when it is unknown, wrong, expired or revoked, so that a
-- prober learns nothing.
-- Called by the HTTP door before it knows the project; the door may remember a positive answer for 5 s, which is safe
-- because revoking a key ends its sessions at once and no session is opened for a dead key (see _open_session).
create function coord.authenticate_key(p_key_id text, p_secret_hash text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('project_id', k.project_id, 'expires_at', k.expires_at)
  from coord.api_keys k
  where k.key_id = p_key_id and k.secret_hash = p_secret_hash
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp());
$$;

grant execute on function coord.authenticate_key to coord_app;
