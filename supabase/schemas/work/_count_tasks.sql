-- How many tasks are in each status but done, each counted by index and up to 1,000.
create function coord._count_tasks(p_project_id integer) returns jsonb
language sql volatile
as $$
  select jsonb_object_agg(c.status, c.tasks) || jsonb_build_object('ready', (
    select count(*) from (select from coord.tasks t where t.project_id = p_project_id and t.status = 'ready'
      order by t.lane limit 1000) r))
  from (
    select n.status, (
      select count(*) from (
        select from coord.tasks t where t.project_id = p_project_id and t.status = n.status
          and t.status in ('claimed', 'blocked', 'scheduled', 'failed', 'cancelled')
          order by t.due_at limit 1000) l) as tasks
    from unnest(array['blocked', 'scheduled', 'claimed', 'failed', 'cancelled']) n(status)
  ) c;
$$;
