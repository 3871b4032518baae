-- Frees one path if the calling session holds it (with that token, when one is given); null when done, else why not.
create function coord._release_lock(p_call coord._call, p_path text, p_token bigint) returns text
language plpgsql volatile
as $$
declare
  v_lock record;
begin
  update coord.locks l set session_id = null, reason = null
  where l.project_id = p_call.project_id and l.path = p_path and l.session_id = p_call.session_id
    and l.expires_at > clock_timestamp() and (p_token is null or l.token = p_token);
  if found then return null; end if;
  select l.session_id, l.expires_at, l.token into v_lock
  from coord.locks l where l.project_id = p_call.project_id and l.path = p_path;
  return case
    when v_lock.session_id = p_call.session_id and v_lock.expires_at <= clock_timestamp() then 'lapsed'
    when v_lock.session_id = p_call.session_id then 'stale_token'
    when v_lock.session_id is null or v_lock.expires_at <= clock_timestamp() then 'free'
    else 'locked_by_other'
  end;
end
$$;
