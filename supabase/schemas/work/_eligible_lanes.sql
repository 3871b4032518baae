-- Lanes with something ready that the calling session may take: of these types (all when null), asking for no capability
-- it lacks, assigned to nobody or to its agent. Those assigned to others and those of other types are not even looked at.
-- Of a project with more than 1,000 lanes a call looks at the first ones, and at as many from somewhere in the middle, so
-- that none is forgotten and no call takes long.
create function coord._eligible_lanes(p_call coord._call, p_types text[]) returns text[]
language sql volatile
as $$
  with whose (prefix) as (
    values (''), ('~' || (p_call).agent || E'\t')
  ), bounds (low, high) as (
    select w.prefix, case w.prefix when '' then '~' else '~' || (p_call).agent || E'\n' end from whose w where p_types is null
    union all
    select w.prefix || t.type || E'\x1f', w.prefix || t.type || '!' from whose w cross join unnest(p_types) t(type)
  ), lanes as materialized (
    select l.* from bounds b cross join lateral coord._distinct_lanes((p_call).project_id, b.low, b.high) l
  ), others as (
    select l.* from coord._distinct_lanes((p_call).project_id, substr(md5(random()::text), 1, 2), '~') l
    where p_types is null and (select count(*) from lanes) >= 1000
  )
  select array(
    select l.lane from (select * from lanes union select * from others) l
    where (l.assignee is null or l.assignee = (p_call).agent)
      and (coalesce(l.capabilities, '{}') = '{}' or l.capabilities <@ (select s.capabilities from coord.sessions s
        where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id)));
$$;
