-- Stops a key of the caller's project and ends its sessions. Revoking twice keeps the first time.
-- Concurrency: the key's row is locked first, and _open_session reads it under a share lock, so no session can be
-- opened for the key behind this function's back. Sessions whose calls are under way, of which somebody may make ever
-- more, are waited for for a tenth of a second each: then they are left to the sweeper, and the key is revoked all the same.
create function coord.revoke_key(p_caller jsonb, p_key_id text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'revoke_key');
  v_revoked_at timestamptz;
  v_ended integer;
  v_timeout constant text := current_setting('lock_timeout');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.api_keys k set revoked_at = coalesce(k.revoked_at, clock_timestamp())
  where k.key_id = p_key_id and k.project_id = v_call.project_id and k.trust <= coord._trust(v_call)
  returning k.revoked_at into v_revoked_at;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such key in this project.', 'List them: agentcoord keys list.');
  end if;
  begin
    perform set_config('lock_timeout', '100ms', true);
    select count(*) into v_ended
    from coord._end_sessions(v_call.project_id, array(select s.session_id from coord.sessions s
      where s.project_id = v_call.project_id and s.key_id = p_key_id and s.ended_at is null), 'key revoked', true);
  exception when lock_not_available or deadlock_detected then
    v_ended := 0;
  end;
  perform set_config('lock_timeout', v_timeout, true);
  return coord._leave(v_call,
    jsonb_build_object('key_id', p_key_id, 'revoked_at', v_revoked_at, 'ended_sessions', v_ended), 'key:' || p_key_id);
end
$$;

grant execute on function coord.revoke_key to coord_app;
