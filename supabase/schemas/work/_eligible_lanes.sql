-- Lanes with something ready that the calling session may take: of these types (all when null), asking for no
-- capability it lacks, assigned to nobody or to its agent. Those assigned to others and those of other types are not
-- even looked at. Of a project with more than 1,000 lanes a call looks at the first ones, and at as many from somewhere
-- behind them, so that each has its turn and no call takes long. Somewhere is what a lane begins with and one more
-- letter, both by chance: so it may be anywhere, however alike many of them are.
create function coord._eligible_lanes(p_call coord._call, p_types text[]) returns text[]
language sql volatile
as $$
  with whose (prefix) as (
    values (''), ('~' || (p_call).agent || E'\t')
  ), bounds (low, high, most) as (
    select w.prefix, case w.prefix when '' then '~' else '~' || (p_call).agent || E'\n' end, 1000
    from whose w where p_types is null
    union all
    select w.prefix || t.type || E'\x1f', w.prefix || t.type || '!', 1000 / cardinality(p_types)
    from whose w cross join unnest(p_types) t(type)
  ), lanes as materialized (
    select l.* from bounds b cross join lateral coord._distinct_lanes((p_call).project_id, b.low, b.high, b.most) l
  ), behind as (
    select max(l.lane collate "C") as last from lanes l where p_types is null having count(*) >= 1000
  ), others as (
    select l.* from behind b
    cross join lateral (select left(b.last, floor(random() * (length(b.last) + 1))::integer)
      || substr('0123456789abcdefghijklmnopqrstuvwxyz', 1 + floor(random() * 36)::integer, 1) as low) f
    cross join lateral coord._distinct_lanes((p_call).project_id, f.low,
      case when b.last like '~%' then '~' || (p_call).agent || E'\n' else '~' end, 1000) l
  )
  select array(
    select l.lane from (select * from lanes union select * from others) l
    where (l.assignee is null or l.assignee = (p_call).agent)
      and (coalesce(l.capabilities, '{}') = '{}' or l.capabilities <@ (select s.capabilities from coord.sessions s
        where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id)));
$$;
