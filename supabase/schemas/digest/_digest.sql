-- The news as lines for a reader in a hurry: what concerns the caller first, four lines of a kind, 1,500 characters.
create function coord._digest(p_call coord._call, p_entries coord.journal[]) returns jsonb
language plpgsql stable
as $$
begin
  return (
    with lines as (
      select n.* from coord._open_calls(p_call) n
      union all select n.* from coord._news_of_tasks(p_call, p_entries) n
      union all select n.* from coord._news_of_locks(p_call, p_entries) n
      union all select n.* from coord._news_of_words(p_call, p_entries) n
      union all select n.* from coord._news_of_agents(p_call, p_entries) n
    ), counted as (
      select l.kind, l.nth, left(regexp_replace(l.line, '\s+', ' ', 'g'), 300)
        || case when l.nth = 4 and l.total > 4 then format(' And %s more like this.', l.total - 4) else '' end as line
      from (select x.*, count(*) over (partition by x.kind) as total from lines x) l
      where l.nth <= 4
    )
    select coalesce(jsonb_agg(c.line order by c.kind, c.nth), '[]')
    from (select d.*, sum(octet_length(d.line) + 4) over (order by d.kind, d.nth) as size from counted d) c
    where c.size <= 1500);
end
$$;
