-- The agent that a task is best assigned to: online, active within 15 minutes, one that may claim, capable, and with the
-- fewest open tasks; not its submitter. Of 100 sessions, the newest of each agent before any has a second; null when there is
-- none.
-- p_more: open tasks not written yet, by their assignees. Who has a hundred and who has more are alike: a batch asks
-- for each of its tasks, with what they depend on locked.
create function coord._auto_assignee(p_task coord.tasks, p_more text[] default '{}') returns text
language plpgsql volatile
as $$
declare
  v_agents text[] := array(
    select distinct c.agent from (
      select s.agent from coord.sessions s
      where s.project_id = p_task.project_id and s.ended_at is null and s.lease_expires_at > clock_timestamp()
        and s.last_call_at > clock_timestamp() - interval '15 minutes' and s.trust >= 2
        and (s.restrictions is null or coord._forbidden_by(s.restrictions, 'get_work') is null)
        and (p_task.terms).capabilities <@ s.capabilities and s.agent <> p_task.submitted_by
      order by row_number() over (partition by coalesce(s.delegated_from, s.agent) order by s.last_call_at desc),
        s.last_call_at desc
      limit 100) c);
begin
  return (
    select a.agent from coord._open_tasks(p_task.project_id, v_agents, 100) a
    order by a.tasks + cardinality(array_positions(p_more, a.agent)), a.agent limit 1);
end
$$;
