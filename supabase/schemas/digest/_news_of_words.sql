-- What agents wrote for others, among the news: 40 decisions, 45 threads, 50 handoffs.
create function coord._news_of_words(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language sql stable
as $$
  select w.kind, row_number() over (partition by w.kind order by w.entry_id desc), w.line
  from (
    select 40 as kind, e.entry_id, format('%s decided (%s): %s. Because: %s.', d.agent, d.type,
      rtrim(left(d.context, 100), '. '), rtrim(left(d.reason, 100), '. ')) as line
    from unnest(p_entries) e
    join coord.decisions d on d.project_id = e.project_id
      and d.decision_id = coord._resource_id(e.resource, 'decision')
    union all
    select 45, e.entry_id, format('%s opened the thread "%s" (%s).', e.agent, left(e.detail ->> 'title', 100), e.resource)
    from unnest(p_entries) e where e.operation = 'create_thread'
    union all
    select 50, e.entry_id, format('%s left a handoff: %s (read_handoff, %s).', coalesce(e.agent, e.detail ->> 'agent'),
      rtrim(left(e.detail ->> 'summary', 100), '. '), substr(e.resource, 9))
    from unnest(p_entries) e where coord._resource_id(e.resource, 'handoff') is not null and e.outcome in ('ok', 'written')) w;
$$;
