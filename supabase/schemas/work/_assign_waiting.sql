-- Assigns tasks that wait for an agent to one that has just said what it can do, if it may claim: up to 100, the oldest
-- first.
-- Concurrency: rows that somebody has locked are skipped; they go to whoever takes them.
create function coord._assign_waiting(p_call coord._call) returns void
language plpgsql volatile
as $$
declare
  v_capabilities text[];
  v_task coord.tasks;
begin
  perform from coord.tasks t
  where t.project_id = p_call.project_id and t.status = 'ready' and t.lane > '?' and t.lane < '@'
  order by t.lane limit 1;
  if not found then return; end if;
  select s.capabilities into v_capabilities from coord.sessions s
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id and s.trust >= 2
    and (s.restrictions is null or coord._forbidden_by(s.restrictions, 'get_work') is null);
  for v_task in
    select t.* from coord.tasks t
    where t.project_id = p_call.project_id and t.status = 'ready' and t.lane > '?' and t.lane < '@'
      and (t.terms).capabilities <@ v_capabilities and t.submitted_by <> p_call.agent
    order by t.lane, t.rank, t.task_id limit 100 for update skip locked
  loop
    v_task.terms.assignee := p_call.agent;
    update coord.tasks t set terms.assignee = p_call.agent, lane = coord._lane(v_task),
      trail = t.trail || pg_current_xact_id()
    where t.project_id = p_call.project_id and t.task_id = v_task.task_id and (t.terms).assignee is null
      and (t.terms).auto_assign
      and t.status = 'ready';
    perform coord._tell_assignee(v_task);
    perform coord._journal(p_call.project_id, 'register_session', 'task:' || v_task.task_id, 'assigned',
      jsonb_build_object('to', p_call.agent));
  end loop;
end
$$;
