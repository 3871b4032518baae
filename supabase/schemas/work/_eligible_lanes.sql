-- Lanes with something ready that the calling session may take: of these types (all when null), asking for no capability
-- it lacks, assigned to nobody or to its agent.
-- Lanes are stepped through by index, one probe each, so it does not matter how many tasks stand in them; those assigned
-- to others are not even stepped through.
create function coord._eligible_lanes(p_call coord._call, p_types text[]) returns text[]
language sql volatile
as $$
  with recursive bounds (low, high) as (
    values (''::text collate "C", '~'::text collate "C"), ('~' || (p_call).agent || E'\t', '~' || (p_call).agent || E'\n')
  ), lanes (lane, high, type, capabilities, assignee) as (
    select f.lane, b.high, f.type, f.capabilities, f.assignee
    from bounds b cross join lateral (
      select n.lane, n.type, (n.terms).capabilities, (n.terms).assignee from coord.tasks n
      where n.project_id = (p_call).project_id and n.status = 'ready' and n.lane > b.low and n.lane < b.high
      order by n.lane limit 1) f
    union all
    select f.lane, l.high, f.type, f.capabilities, f.assignee
    from lanes l cross join lateral (
      select n.lane, n.type, (n.terms).capabilities, (n.terms).assignee from coord.tasks n
      where n.project_id = (p_call).project_id and n.status = 'ready' and n.lane > l.lane and n.lane < l.high
      order by n.lane limit 1) f
  )
  select array(
    select l.lane from lanes l
    where (p_types is null or l.type = any (p_types)) and (l.assignee is null or l.assignee = (p_call).agent)
      and (coalesce(l.capabilities, '{}') = '{}' or l.capabilities <@ (select s.capabilities from coord.sessions s
        where s.project_id = (p_call).project_id and s.session_id = (p_call).session_id)));
$$;
