-- Takes ready tasks back from assignees without a living session for 60 s: those that were assigned automatically go
-- to the next best agent, the others to whoever asks. How many it was.
-- Assignees are stepped through by index, from a letter by chance and round, so that whoever had many does not keep the
-- tasks of others waiting. Rows that somebody has locked are left for the next time, and so is what is not done after a
-- quarter of a second: to find the next best agent may take long.
create function coord._unassign_vanished(p_project_id integer, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  v_assignee text;
  v_begin constant text := '~' || chr(48 + floor(random() * 75)::integer);
  v_lane text := v_begin;
  v_is_round boolean := false;
  v_task coord.tasks;
  v_freed integer := 0;
  v_enough timestamptz := clock_timestamp() + interval '250 ms';
begin
  loop
    select coord._assignee_of(t.lane) into v_assignee from coord.tasks t
    where t.project_id = p_project_id and t.status = 'ready' and t.lane > v_lane order by t.lane limit 1;
    if v_freed >= p_limit or clock_timestamp() > v_enough then return v_freed; end if;
    if not found or v_is_round and '~' || v_assignee collate "C" >= v_begin collate "C" then
      if v_is_round then return v_freed; end if;
      v_is_round := true;
      v_lane := '~';
      continue;
    end if;
    v_lane := '~' || v_assignee || E'\n';
    continue when not coord._has_vanished(p_project_id, v_assignee);
    for v_task in
      select t.* from coord.tasks t
      where t.project_id = p_project_id and t.status = 'ready' and t.lane > '~' || v_assignee || E'\t' and t.lane < v_lane
        and t.created_at < clock_timestamp() - interval '60 seconds'
      order by t.lane, t.rank, t.task_id limit p_limit for update skip locked
    loop
      exit when clock_timestamp() > v_enough;
      v_task.terms.assignee := case when (v_task.terms).auto_assign then coord._auto_assignee(v_task) end;
      update coord.tasks t set terms.assignee = (v_task.terms).assignee, lane = coord._lane(v_task),
        trail = coord._trail_on(t.trail)
      where t.project_id = p_project_id and t.task_id = v_task.task_id and t.status = 'ready'
        and (t.terms).assignee = v_assignee;
      if (v_task.terms).assignee is not null then perform coord._tell_assignee(v_task); end if;
      perform coord._journal(p_project_id, 'sweep', 'task:' || v_task.task_id, 'unassigned',
        jsonb_build_object('from', v_assignee, 'to', (v_task.terms).assignee));
      v_freed := v_freed + 1;
    end loop;
  end loop;
end
$$;
