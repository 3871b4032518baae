-- Cleans up in one project (all when null): ends sessions that have lapsed, whose key was revoked in the middle of a
-- call, or that do not beat and were not heard of for a day, and lets happen to tasks what time does (see _sweep_tasks).
-- Nothing depends on it for correctness: every decision looks at expiry itself. Ends after a second, so that what was done
-- is kept; the next round goes on.
-- Concurrency: one at a time under an advisory lock; sessions are ended under their row locks after the lease was
-- looked at again, each task under its own guard (see _return_claims).
create function coord._sweep(p_project_id integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_enough timestamptz := clock_timestamp() + interval '1 second';
  v_lapsed record;
  v_project_id integer;
  v_turn timestamptz;
  v_freed record;
  v_swept record;
  v_sessions integer := 0;
  v_locks integer := 0;
  v_tasks integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('coord.sweep', 0)) then
    return '{"ended_sessions": 0, "returned_tasks": 0, "released_locks": 0}';
  end if;
  perform coord._resume();
  perform coord._beat();
  -- First, while this transaction holds nothing that anybody waits for.
  perform coord._make_handoffs(p_project_id);
  loop
    -- Half of the time, so that tasks have their turn, however many sessions there are.
    exit when clock_timestamp() > v_enough - interval '0.5 seconds';
    select l.project_id, array_agg(l.session_id) as session_ids into v_lapsed
    from (
      select s.project_id, s.session_id from coord.sessions s
      where s.ended_at is null
        and (not coord._holds(s.ended_at, s.lease_expires_at)
          or (not s.beats and s.last_call_at < clock_timestamp() - interval '24 hours')
          or exists (select from coord.api_keys k where k.key_id = s.key_id and k.revoked_at is not null))
        and (p_project_id is null or s.project_id = p_project_id)
      order by s.lease_expires_at limit 100 for update skip locked) l
    group by 1 order by 1 limit 1;
    exit when not found;
    for v_freed in
      select e.* from coord._end_sessions(v_lapsed.project_id, v_lapsed.session_ids, 'lapsed', true) e
    loop
      if v_freed.session_id = any (v_lapsed.session_ids) then
        perform coord._journal(v_lapsed.project_id, 'sweep', 'session:' || v_freed.session_id, 'lapsed',
          jsonb_build_object('released_locks', v_freed.released_locks, 'returned_tasks', v_freed.returned_tasks));
        v_sessions := v_sessions + 1;
      end if;
      v_locks := v_locks + v_freed.released_locks;
      v_tasks := v_tasks + v_freed.returned_tasks;
    end loop;
  end loop;
  for v_project_id in
    -- In no order, so that a round that ends early does not always miss the same ones.
    select p.project_id from coord.projects p where p_project_id is null or p.project_id = p_project_id order by random()
  loop
    v_turn := clock_timestamp() + interval '0.25 seconds';
    loop
      exit when clock_timestamp() > v_enough;
      v_swept := coord._sweep_tasks(v_project_id, 300, '500ms');
      v_tasks := v_tasks + v_swept.returned_tasks;
      exit when not v_swept.more or clock_timestamp() > v_turn;
    end loop;
    perform coord._sweep_approvals(v_project_id);
  end loop;

  -- Old rows are looked for in one of a hundred rounds, because the search reads whole tables.
  if random() < 0.01 then perform coord._forget(); end if;
  return jsonb_build_object('ended_sessions', v_sessions, 'returned_tasks', v_tasks, 'released_locks', v_locks);
end
$$;
