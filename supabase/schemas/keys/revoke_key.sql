-- Stops a key of the caller's project and ends its sessions. Revoking twice keeps the first time.
-- Concurrency: the key's row is locked first, and _open_session reads it under a share lock, so no session can be
-- opened for the key behind this function's back.
create function coord.revoke_key(p_caller jsonb, p_key_id text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'revoke_key');
  v_revoked_at timestamptz;
  v_session_id uuid;
  v_ended integer := 0;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.api_keys k set revoked_at = coalesce(k.revoked_at, clock_timestamp())
  where k.key_id = p_key_id and k.project_id = v_call.project_id and k.trust <= coord._trust(v_call)
  returning k.revoked_at into v_revoked_at;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such key in this project.', 'List them: agentcoord keys list.');
  end if;
  -- All before the first one is ended: what that frees, others may be waiting for with one of these rows in hand.
  perform from coord.sessions s
  where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null
  order by s.session_id for update;
  for v_session_id in
    select s.session_id from coord.sessions s
    where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null order by s.session_id
  loop
    perform coord._end_session(v_call.project_id, v_session_id, 'key revoked', true);
    v_ended := v_ended + 1;
  end loop;
  return coord._leave(v_call,
    jsonb_build_object('key_id', p_key_id, 'revoked_at', v_revoked_at, 'ended_sessions', v_ended), 'key:' || p_key_id);
end
$$;

grant execute on function coord.revoke_key to coord_app;
