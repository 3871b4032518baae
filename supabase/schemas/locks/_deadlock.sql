-- Whether waiting for these paths would close a circle: a path of the caller that somebody in its way waits for, over
-- however many others; null when there is none. Circles are made only by those who begin to wait, so it is enough to
-- look then. Looks at some hundred locks in the way of each, for a quarter of a second: others wait for the project's
-- lock. A circle that is not found by then ends with the time that somebody waits.
create function coord._deadlock(p_call coord._call, p_paths text[], p_shared boolean) returns text
language plpgsql volatile
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '250 ms';
  v_ahead uuid[] := array(
    select distinct b.session_id
    from coord._blockers(p_call.project_id, p_call.session_id, p_paths, p_shared, p_limit => 100) b);
  v_seen uuid[] := '{}';
  v_next uuid[];
  v_path text;
begin
  while v_ahead <> '{}' loop
    select coalesce(array_agg(distinct b.session_id), '{}'),
      min(b.path) filter (where b.session_id = p_call.session_id) into v_next, v_path
    from coord.lock_waiters w
    cross join lateral coord._blockers(p_call.project_id, w.session_id, w.paths, w.shared, w.waiter_id,
      p_limit => 100) b
    where w.project_id = p_call.project_id and w.session_id = any (v_ahead) and clock_timestamp() < v_until;
    if v_path is not null then return v_path; end if;
    v_seen := v_seen || v_ahead;
    v_ahead := array(select n.session_id from unnest(v_next) n(session_id) where n.session_id <> all (v_seen));
  end loop;
  return null;
end
$$;
