-- Writes the rows of coord.locks for a grant and answers the locks; of shared ones only the token is kept here.
-- p_mine: what the session had of the paths, see _grant.
create function coord._write_locks(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl interval, p_task_id uuid, p_mine jsonb
) returns jsonb
language plpgsql volatile
as $$
declare
  v_locks jsonb;
begin
  with granted as (
    insert into coord.locks as l (project_id, path, token, session_id, reason, acquired_at, expires_at, guarded, task_id)
    select p_call.project_id, p.path,
      1 + coalesce((select f.token from coord.lock_floors f where f.project_id = p_call.project_id), 0),
      case when not p_shared then p_call.session_id end, case when not p_shared then p_reason end,
      clock_timestamp(), clock_timestamp() + p_ttl, p.path = any (g.paths), p_task_id
    from unnest(p_paths) p(path), coord._guarded_paths(p_call.project_id, p_paths, p_shared) g(paths)
    on conflict (project_id, path) do update set
      token = l.token + case when p_mine ->> l.path = 'renewed' then 0 else 1 end,
      session_id = excluded.session_id,
      reason = case when p_mine ->> l.path = 'renewed' then coalesce(excluded.reason, l.reason) else excluded.reason end,
      acquired_at = case when p_mine ->> l.path = 'renewed' then l.acquired_at else excluded.acquired_at end,
      expires_at = case when p_mine ->> l.path = 'renewed' and p_task_id is not null
        then greatest(l.expires_at, excluded.expires_at) else excluded.expires_at end,
      guarded = excluded.guarded,
      task_id = case when p_mine ->> l.path = 'renewed' and p_task_id is not null then l.task_id else p_task_id end
    returning l.path, l.token, l.expires_at
  )
  select jsonb_agg(jsonb_build_object('path', g.path, 'token', g.token, 'expires_at', g.expires_at,
      'renewed', coalesce(p_mine ->> g.path = 'renewed', false))
    || case when p_shared then '{"shared": true}'::jsonb else '{}' end
    || case when p_mine ->> g.path = 'lapsed' then '{"lapsed": true}'::jsonb else '{}' end order by g.path) into v_locks
  from granted g;
  return v_locks;
end
$$;
