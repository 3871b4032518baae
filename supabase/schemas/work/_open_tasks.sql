-- How many tasks an agent has on its hands: assigned to it, or claimed by it. Each counted up to 1,000; of
-- those that are blocked or scheduled only 1,000 are looked at.
create function coord._open_tasks(p_project_id integer, p_agent text) returns integer
language sql volatile
as $$
  select ((
      select count(*) from (
        select from coord.tasks t
        where t.project_id = p_project_id and t.status = 'ready'
          and t.lane > '~' || p_agent || E'\t' and t.lane < '~' || p_agent || E'\n' limit 1000) r)
    + (select count(*) from (
        select t.lane from coord.tasks t
        where t.project_id = p_project_id and t.status in ('scheduled', 'blocked') limit 1000) w
      where w.lane > '~' || p_agent || E'\t' and w.lane < '~' || p_agent || E'\n')
    + (select count(*) from (
        select from coord.tasks t
        where t.project_id = p_project_id and t.status = 'claimed' and t.agent = p_agent
          and t.claim_expires_at > clock_timestamp() limit 1000) c))::integer;
$$;
