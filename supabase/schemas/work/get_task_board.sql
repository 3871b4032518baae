-- Who is here, on what, and how the queue stands. Counts stop at 10,000, and what is done is counted among the 10,000
-- newest tasks, so a long queue or a long history does not make it slow.
create function coord.get_task_board(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task_board');
  v_done jsonb;
  v_agents jsonb;
  v_locks integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_object_agg(coalesce(d.agent, ''), d.tasks), '{}') into v_done
  from (
    select n.agent, count(*) as tasks
    from (select t.agent, t.status from coord.tasks t where t.project_id = v_call.project_id
      order by t.task_id desc limit 10000) n
    where n.status = 'done' group by n.agent
  ) d;
  select coalesce(jsonb_agg(jsonb_build_object('agent', a.agent, 'agent_type', a.agent_type,
      'session_id', a.session_id, 'presence', coord._presence(a.last_call_at), 'working_on', a.working_on,
      'open', coord._open_tasks(v_call.project_id, a.agent), 'done', coalesce((v_done ->> a.agent)::integer, 0),
      'tasks', coalesce((
        select jsonb_agg(jsonb_build_object('task_id', t.task_id, 'title', t.title) order by t.task_id)
        from coord.tasks t
        where t.project_id = v_call.project_id and t.claim_session_id = a.session_id and t.status = 'claimed'
          and t.claim_expires_at > clock_timestamp()), '[]'))
      order by a.agent, a.session_id), '[]') into v_agents
  from (
    select s.* from coord.sessions s
    where s.project_id = v_call.project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
    order by s.last_call_at desc limit 100
  ) a;
  select count(*) into v_locks from (
    select from coord.locks l
    join coord.sessions s on s.project_id = l.project_id and s.session_id = l.session_id
    where l.project_id = v_call.project_id and l.expires_at > clock_timestamp()
      and coord._holds(s.ended_at, s.lease_expires_at) limit 10000) held;
  return coord._leave(v_call, jsonb_build_object('agents', v_agents, 'locks', v_locks,
    'tasks', coord._count_tasks(v_call.project_id) || jsonb_build_object(
      'done', (select coalesce(sum(d.value::integer), 0) from jsonb_each_text(v_done) d))));
end
$$;

grant execute on function coord.get_task_board to coord_app;
