-- Takes a path whose row says that it is held: renews it for its holder, or takes it from a session that has ended or
-- lapsed. Answers as _take_lock; the caller has locked the row.
-- Concurrency: the holder's session is looked at without waiting (skip locked): it may be just beating, then it lives;
-- and nothing may wait from a lock to a session, because ending a session goes the other way.
create function coord._take_held_lock(p_call coord._call, p_path text, p_reason text, p_ttl interval) returns jsonb
language plpgsql volatile
as $$
declare
  v_holder uuid;
  v_mine boolean;
  v_lock jsonb;
begin
  select l.session_id into v_holder from coord.locks l where l.project_id = p_call.project_id and l.path = p_path;
  v_mine := v_holder = p_call.session_id;
  if not v_mine and not coord._is_dead(p_call.project_id, v_holder) then return null; end if;
  update coord.locks l set
    token = l.token + case when v_mine then 0 else 1 end,
    acquired_at = case when v_mine then l.acquired_at else clock_timestamp() end,
    session_id = p_call.session_id,
    reason = case when v_mine then coalesce(p_reason, l.reason) else p_reason end,
    expires_at = clock_timestamp() + p_ttl
  where l.project_id = p_call.project_id and l.path = p_path
  returning jsonb_build_object('path', l.path, 'token', l.token, 'expires_at', l.expires_at, 'renewed', v_mine)
    into v_lock;
  return v_lock;
end
$$;
