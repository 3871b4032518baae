-- What agents wrote for others, among the news: 50 handoffs.
create function coord._news_of_words(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language sql stable
as $$
  select 50, row_number() over (order by e.entry_id desc), format('%s left a handoff: %s (read_handoff, %s).',
    coalesce(e.agent, e.detail ->> 'agent'), rtrim(left(e.detail ->> 'summary', 100), '. '), substr(e.resource, 9))
  from unnest(p_entries) e
  where e.resource like 'handoff:%' and e.outcome in ('ok', 'written');
$$;
