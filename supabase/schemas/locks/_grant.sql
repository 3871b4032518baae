-- Writes the locks that _take has decided to grant, and answers them as acquire_lock does. A lock that the session has
-- already in this mode is renewed and keeps its token; every other grant counts the path's token up.
-- Concurrency: what the session has is locked before it is looked at (the rows of coord.locks by _take), so that it
-- cannot be released between the look and the write: the share would come back with somebody else's token.
create function coord._grant(
  p_call coord._call, p_paths text[], p_shared boolean, p_reason text, p_ttl interval, p_task_id uuid
) returns jsonb
language plpgsql volatile
as $$
declare
  v_mine jsonb;
  v_locks jsonb;
begin
  perform from coord.lock_shares s
  where s.project_id = p_call.project_id and s.path = any (p_paths) and s.session_id = p_call.session_id
  order by s.path for update;
  -- What the session had of these paths: {"<path>": "renewed" | "lapsed"}.
  select coalesce(jsonb_object_agg(h.path, case when h.expires_at <= clock_timestamp() then 'lapsed' else 'renewed' end)
    filter (where h.shared = p_shared or h.expires_at <= clock_timestamp()), '{}') into v_mine
  from (
    select l.path, l.expires_at, false as shared from coord.locks l
    where l.project_id = p_call.project_id and l.path = any (p_paths) and l.session_id = p_call.session_id
    union all
    select s.path, s.expires_at, true from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = any (p_paths) and s.session_id = p_call.session_id
  ) h;
  insert into coord.lock_scopes (project_id, path, prefix, regex)
  select p_call.project_id, p.path, coord._literal_prefix(p.path), coord._glob_regex(p.path) from unnest(p_paths) p(path)
  where coord._is_scope(p.path) on conflict do nothing;
  v_locks := coord._write_locks(p_call, p_paths, p_shared, p_reason, p_ttl, p_task_id, v_mine);
  if p_shared then
    v_locks := coord._write_shares(p_call, v_locks, p_reason, p_ttl, v_mine);
  else
    delete from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = any (p_paths) and s.session_id = p_call.session_id;
  end if;
  return v_locks;
end
$$;
