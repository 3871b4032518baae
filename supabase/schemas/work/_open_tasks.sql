-- How many tasks each of these agents has on its hands: assigned to it, or claimed by it. Counted up to p_most; of the
-- project's blocked, scheduled and claimed tasks 1,000 each are looked at, once for all agents.
create function coord._open_tasks(p_project_id integer, p_agents text[], p_most integer default 1000)
returns table (agent text, tasks integer)
language sql volatile
as $$
  with waiting as (
    select l.assignee as agent, count(*) as tasks
    from unnest(array['blocked', 'scheduled']) s(status) cross join lateral (
      select coord._assignee_of(t.lane) as assignee from coord.tasks t
      where t.project_id = p_project_id and t.status = s.status and t.status in ('blocked', 'scheduled')
      order by t.due_at limit 1000) l
    group by l.assignee
  ), claimed as (
    select l.agent, count(*) as tasks
    from (
      select t.agent from coord.tasks t
      where t.project_id = p_project_id and t.status = 'claimed' and t.claim_expires_at > clock_timestamp()
      order by t.due_at limit 1000) l
    group by l.agent
  )
  select a.agent, least(p_most, coalesce(w.tasks, 0) + coalesce(c.tasks, 0) + (
    select count(*) from (
      select from coord.tasks t
      where t.project_id = p_project_id and t.status = 'ready'
        and t.lane > '~' || a.agent || E'\t' and t.lane < '~' || a.agent || E'\n' limit p_most) r))::integer
  from unnest(p_agents) a(agent)
  left join waiting w on w.agent = a.agent
  left join claimed c on c.agent = a.agent;
$$;
