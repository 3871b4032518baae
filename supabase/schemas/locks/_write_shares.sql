-- Writes the shares that go with the tokens in p_locks, and answers the locks; one that is renewed keeps its token.
create function coord._write_shares(p_call coord._call, p_locks jsonb, p_reason text, p_ttl interval, p_mine jsonb)
returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with granted as (
    insert into coord.lock_shares as s (project_id, path, session_id, token, reason, acquired_at, expires_at)
    select p_call.project_id, g.lock ->> 'path', p_call.session_id, (g.lock ->> 'token')::bigint, p_reason,
      clock_timestamp(), clock_timestamp() + p_ttl
    from jsonb_array_elements(p_locks) g(lock)
    on conflict (project_id, path, session_id) do update set
      token = case when p_mine ->> s.path = 'renewed' then s.token else excluded.token end,
      reason = coalesce(excluded.reason, case when p_mine ->> s.path = 'renewed' then s.reason end),
      acquired_at = case when p_mine ->> s.path = 'renewed' then s.acquired_at else excluded.acquired_at end,
      expires_at = excluded.expires_at
    returning s.path, s.token
  )
  select jsonb_agg(p.lock || jsonb_build_object('token', g.token) order by g.path) into v_locks
  from granted g join jsonb_array_elements(p_locks) p(lock) on p.lock ->> 'path' = g.path;
  return v_locks;
end
$$;
