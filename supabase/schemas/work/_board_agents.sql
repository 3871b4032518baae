-- The agents of a board: up to 100 live sessions, the newest of each agent before any has a second, and what each works
-- on. p_done: how many tasks of
-- late each agent has done. Claims are read once for all, 1,000 of them.
create function coord._board_agents(p_project_id integer, p_done jsonb) returns jsonb
language plpgsql volatile
as $$
begin
  return (
  with here as materialized (
    select s.* from coord.sessions s
    where s.project_id = p_project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
    order by row_number() over (partition by coalesce(s.delegated_from, s.agent) order by s.last_call_at desc),
      s.last_call_at desc
    limit 100
  ), works as (
    select l.claim_session_id as session_id,
      jsonb_agg(jsonb_build_object('task_id', l.task_id, 'title', l.title) order by l.task_id) as tasks
    from (
      select t.claim_session_id, t.task_id, t.title from coord.tasks t
      where t.project_id = p_project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
      order by t.due_at limit 1000) l
    group by l.claim_session_id
  )
  select coalesce(jsonb_agg(jsonb_build_object('agent', h.agent, 'agent_type', h.agent_type,
      'session_id', h.session_id, 'presence', coord._presence(h.last_call_at), 'working_on', h.working_on,
      'open', o.tasks, 'done', coalesce((p_done ->> h.agent)::integer, 0), 'tasks', coalesce(w.tasks, '[]'))
    order by h.agent, h.session_id), '[]')
  from here h
  join coord._open_tasks(p_project_id, array(select distinct n.agent from here n)) o on o.agent = h.agent
  left join works w on w.session_id = h.session_id);
end
$$;
