-- Frees one path if the calling session holds it (with that token, when one is given), alone or with others; null when
-- done, else why not.
-- Concurrency: each statement sees its own moment. A lock that its session makes shared or exclusive in between would
-- be missed by both writes, so they are repeated while the session is seen to hold what it may release.
create function coord._release_lock(p_call coord._call, p_path text, p_token bigint) returns text
language plpgsql volatile
as $$
declare
  v_lock record;
begin
  loop
    update coord.locks l set session_id = null, reason = null, task_id = null
    where l.project_id = p_call.project_id and l.path = p_path and l.session_id = p_call.session_id
      and l.expires_at > clock_timestamp() and (p_token is null or l.token = p_token);
    if found then return null; end if;
    delete from coord.lock_shares s
    where s.project_id = p_call.project_id and s.path = p_path and s.session_id = p_call.session_id
      and s.expires_at > clock_timestamp() and (p_token is null or s.token = p_token);
    if found then return null; end if;
    select h.mine, h.live, h.token into v_lock
    from (
      select l.session_id = p_call.session_id as mine, l.expires_at > clock_timestamp() as live, l.token
      from coord.locks l
      where l.project_id = p_call.project_id and l.path = p_path and l.session_id is not null
      union all
      select s.session_id = p_call.session_id, s.expires_at > clock_timestamp(), s.token from coord.lock_shares s
      where s.project_id = p_call.project_id and s.path = p_path
    ) h
    order by h.mine desc, h.live desc limit 1;
    exit when not coalesce(v_lock.mine and v_lock.live and (p_token is null or v_lock.token = p_token), false);
  end loop;
  return case
    when v_lock.mine and v_lock.live then 'stale_token'
    when v_lock.mine then 'lapsed'
    when v_lock.live then 'locked_by_other'
    else 'free'
  end;
end
$$;
