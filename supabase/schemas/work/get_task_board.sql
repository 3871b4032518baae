-- Who is here, on what, and how the queue stands. Counts stop at 1,000, and what is done is counted among the 1,000
-- newest tasks, so neither a long queue nor a long history makes it slow.
create function coord.get_task_board(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task_board');
  v_done jsonb;
  v_locks integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_object_agg(coalesce(d.agent, ''), d.tasks), '{}') into v_done
  from (
    select n.agent, count(*) as tasks
    from (select t.agent, t.status from coord.tasks t where t.project_id = v_call.project_id
      order by t.task_id desc limit 1000) n
    where n.status = 'done' group by n.agent
  ) d;
  select count(*) into v_locks from (
    select from coord.locks l
    join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
    where l.project_id = v_call.project_id and l.expires_at > clock_timestamp()
      and coord._holds(s.ended_at, s.lease_expires_at) limit 1000) held;
  return coord._leave(v_call, jsonb_build_object('agents', coord._board_agents(v_call.project_id, v_done),
    'locks', v_locks,
    'tasks', coord._count_tasks(v_call.project_id) || jsonb_build_object(
      'done', (select coalesce(sum(d.value::integer), 0) from jsonb_each_text(v_done) d))));
end
$$;

grant execute on function coord.get_task_board to coord_app;
