-- Makes the key that follows another one: same agent, kind, trust, scopes and time of life. The old one works on for
-- the overlap, so that who uses it can change over, and its sessions end with it. At most two of a line live at once.
-- Concurrency: the old key's row is locked first, as in revoke_key: two that rotate it at once get one key and a
-- conflict.
create function coord.rotate_key(p_caller jsonb, p_key_id text, p_overlap_seconds integer default 86400) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'rotate_key');
  v_old coord.api_keys;
  v_key record := coord._new_key();
  v_ends_at timestamptz;
  v_expires_at timestamptz;
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  select k.* into v_old from coord.api_keys k
  where k.key_id = p_key_id and k.project_id = v_call.project_id and k.trust <= coord._trust(v_call)
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp()) for update;
  if not found or coord._exceeds_scopes(v_call, v_old.scopes) then
    return coord._refuse(v_call, 'not_found', 'There is no such living key in this project.', 'List them: agentcoord keys list.');
  end if;
  perform from coord.api_keys k
  where k.project_id = v_call.project_id and (k.rotated_from = p_key_id or k.key_id = v_old.rotated_from)
    and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp());
  if found then
    return coord._refuse(v_call, 'conflict', 'Two keys of this line live already.',
      'Wait until the older one has expired, or revoke it: agentcoord keys list shows both.', '{"reason": "key_rotated"}');
  end if;
  v_expires_at := clock_timestamp() + (v_old.expires_at - v_old.created_at);
  v_ends_at := least(v_old.expires_at, clock_timestamp() + make_interval(secs => p_overlap_seconds));
  insert into coord.api_keys (key_id, project_id, secret_hash, agent, agent_type, trust, scopes, description, expires_at,
    made_by, made_with, rotated_from)
  values (v_key.key_id, v_call.project_id, v_key.secret_hash, v_old.agent, v_old.agent_type, v_old.trust, v_old.scopes,
    v_old.description, v_expires_at, v_call.agent, p_caller ->> 'key_id', p_key_id);
  update coord.api_keys k set expires_at = v_ends_at where k.key_id = p_key_id;
  perform from coord.sessions s
  where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null order by s.session_id for update;
  update coord.sessions s set valid_until = least(s.valid_until, v_ends_at),
    lease_expires_at = least(s.lease_expires_at, v_ends_at), fresh_until = least(s.fresh_until, v_ends_at)
  where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null;
  return coord._leave(v_call,
    jsonb_build_object('key_id', v_key.key_id, 'api_key', v_key.api_key, 'agent', v_old.agent, 'trust', v_old.trust,
      'scopes', v_old.scopes, 'expires_at', v_expires_at, 'rotated_from', p_key_id, 'old_expires_at', v_ends_at),
    'key:' || v_key.key_id, jsonb_build_object('agent', v_old.agent, 'rotated_from', p_key_id, 'old_expires_at', v_ends_at),
    p_kept => coord._key_shown_already(v_key.key_id));
end
$$;

grant execute on function coord.rotate_key to coord_app;
