-- Takes a path whose row says that it is held: renews it for its holder, takes it from a session that has ended or
-- lapsed, else tells who holds it. Answers as _take_lock, which has locked the row.
-- Concurrency: the holder's session is looked at without waiting (skip locked): it may be just beating, then it lives;
-- and nothing may wait from a lock to a session, because ending a session goes the other way.
create function coord._take_held(p_call coord._call, p_path text, p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_holder record;
  v_mine boolean;
  v_lock jsonb;
begin
  select l.session_id, l.reason, l.acquired_at, l.expires_at, s.agent, s.agent_type,
      coord._is_live(s.ended_at, s.lease_expires_at) as live, s.session_id is null as forgotten
    into v_holder
  from coord.locks l
  left join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
  where l.project_id = p_call.project_id and l.path = p_path;
  v_mine := v_holder.session_id = p_call.session_id;
  if not v_mine and not v_holder.live and not v_holder.forgotten then
    perform from coord.sessions s
    where s.project_id = p_call.project_id and s.session_id = v_holder.session_id
      and not coord._is_live(s.ended_at, s.lease_expires_at)
    for share skip locked;
    v_holder.live := not found;
  end if;
  if v_holder.live and not v_mine then
    return jsonb_build_object('held', jsonb_build_object('path', p_path, 'agent', v_holder.agent,
      'agent_type', v_holder.agent_type, 'session_id', v_holder.session_id, 'reason', v_holder.reason,
      'since', v_holder.acquired_at, 'expires_at', v_holder.expires_at));
  end if;
  update coord.locks l set
    token = l.token + case when v_mine then 0 else 1 end,
    acquired_at = case when v_mine then l.acquired_at else clock_timestamp() end,
    session_id = p_call.session_id,
    reason = case when v_mine then coalesce(p_reason, l.reason) else p_reason end,
    expires_at = clock_timestamp() + make_interval(secs => p_ttl_seconds)
  where l.project_id = p_call.project_id and l.path = p_path
  returning jsonb_build_object('path', l.path, 'token', l.token, 'expires_at', l.expires_at, 'renewed', v_mine)
    into v_lock;
  return v_lock;
end
$$;
