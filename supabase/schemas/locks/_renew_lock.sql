-- Renews a live exclusive lock of the calling session on one path; null when it has none. It is the session's own from
-- now on, and does not end with the task whose claim took it.
-- Concurrency: one guarded UPDATE. Whatever overlaps the lock came while it was held, and does not mind.
create function coord._renew_lock(p_call coord._call, p_path text, p_reason text, p_ttl_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_lock jsonb;
begin
  update coord.locks l set reason = coalesce(p_reason, l.reason),
    expires_at = clock_timestamp() + p_ttl_seconds * interval '1 second', task_id = null
  where l.project_id = p_call.project_id and l.path = p_path and l.session_id = p_call.session_id
    and l.expires_at > clock_timestamp()
  returning jsonb_build_array(jsonb_build_object('path', l.path, 'token', l.token, 'expires_at', l.expires_at,
    'renewed', true)) into v_lock;
  return v_lock;
end
$$;
