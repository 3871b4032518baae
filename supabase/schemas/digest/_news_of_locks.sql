-- Locks of others among the news: 30 around the caller's files, which are those it has or had locked since its last
-- look; 90 the others, summed up. Around means in the same folder, or below what a tree or a glob begins with: whether
-- two globs have a file in common takes too long to find out for 500 paths against 50.
create function coord._news_of_locks(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language plpgsql stable
as $$
begin
  return query
    with mine as materialized (
      select distinct m.path, coord._folder(m.path) as folder from (
        (select t.path from coord._taken_paths(p_entries) t where t.session_id = p_call.session_id
          order by t.entry_id desc limit 50)
        union all
        select h.path from coord._held_locks(p_call.project_id, null, null) h where h.session_id = p_call.session_id) m
      limit 50
    ), others as materialized (
      select distinct on (t.path, t.session_id) t.*, coord._folder(t.path) as folder
      from coord._taken_paths(p_entries) t
      where t.session_id <> p_call.session_id order by t.path, t.session_id, t.entry_id desc
    ), near as materialized (
      select o.*, exists (select from mine m where m.folder = o.folder or m.path = o.path
        or (coord._is_scope(m.path) and starts_with(o.path, coord._literal_prefix(m.path)))
        or (coord._is_scope(o.path) and starts_with(m.path, coord._literal_prefix(o.path)))) as is_near
      from (select * from others order by entry_id desc limit 500) o
    )
    select 30, row_number() over (order by h.path is null, n.entry_id desc), case when h.path is not null
      then format('%s has %s locked%s.', n.agent, n.path, ': ' || left(h.reason, 100))
      else format('%s had %s locked: read it again before you edit there.', n.agent, n.path) end
    from near n
    left join coord._held_locks(p_call.project_id, (select array_agg(x.path) from near x where x.is_near), null) h
      on h.path = n.path and h.session_id = n.session_id
    where n.is_near
    union all
    select 90, 1, format('Elsewhere others locked %s: %s.', sum(f.paths), string_agg(
      format('%s (%s)', f.folder, f.paths), ', ' order by f.paths desc, f.folder) filter (where f.nth <= 3))
    from (
      select coalesce(nullif(n.folder, ''), './') as folder, count(*) as paths,
        row_number() over (order by count(*) desc, n.folder) as nth
      from near n where not n.is_near group by n.folder) f
    having count(*) > 0;
end
$$;
