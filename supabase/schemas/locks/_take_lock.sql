-- Takes one path (in normal form) for the calling session: {"path","token","expires_at","renewed"}; null when another
-- session holds it. This and _take_held_lock are the only places where a lock changes hands.
-- Concurrency: one INSERT … ON CONFLICT DO UPDATE … WHERE decides; clock_timestamp() in it is read after the wait for
-- the row, so grants never overlap. When the WHERE refuses, the row stays locked by us, so what _take_held_lock and
-- _holder read next is true. Renewals go there too, to keep the common path short.
create function coord._take_lock(p_call coord._call, p_path text, p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_ttl interval := p_ttl_seconds * interval '1 second';
  v_lock jsonb;
begin
  insert into coord.locks as l (project_id, path, token, session_id, reason, acquired_at, expires_at)
  values (p_call.project_id, p_path, 1, p_call.session_id, p_reason, clock_timestamp(), clock_timestamp() + v_ttl)
  on conflict (project_id, path) do update set
    token = l.token + 1, session_id = excluded.session_id, reason = excluded.reason, acquired_at = clock_timestamp(),
    expires_at = clock_timestamp() + v_ttl
  where l.session_id is null or l.expires_at <= clock_timestamp()
  returning jsonb_build_object('path', l.path, 'token', l.token, 'expires_at', l.expires_at, 'renewed', false)
    into v_lock;
  if found then return v_lock; end if;
  return coord._take_held_lock(p_call, p_path, p_reason, v_ttl);
end
$$;
