-- Who came and who went, among the news, in one line: 80.
create function coord._news_of_agents(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language sql stable
as $$
  select 80, 1::bigint, string_agg(format('%s: %s%s.', w.what, array_to_string(w.agents[1:6], ', '),
    ' and ' || nullif(greatest(cardinality(w.agents) - 6, 0), 0) || ' more'), ' ' order by w.what)
  from (
    select a.what, array_agg(distinct s.agent) as agents
    from (
      select e.resource, case e.operation when 'register_session' then 'Came' when 'end_session' then 'Left'
        when 'sweep' then 'Died' end as what
      from unnest(p_entries) e where e.resource like 'session:%' and e.outcome in ('ok', 'lapsed')) a
    join coord.sessions s on s.project_id = (p_call).project_id and s.session_id = coord._resource_id(a.resource, 'session')
    where a.what is not null and s.session_id <> (p_call).session_id group by a.what) w
  having count(*) > 0;
$$;
