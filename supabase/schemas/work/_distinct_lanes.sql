-- Lanes of a project with something ready, from one text to another, p_most of them: stepped through by index, one
-- probe each, so it does not matter how many tasks stand in them.
create function coord._distinct_lanes(p_project_id integer, p_low text, p_high text, p_most integer)
returns table (lane text, type text, capabilities text[], assignee text)
language sql stable rows 10
as $$
  with recursive lanes (nth, lane, type, capabilities, assignee) as (
    (select 1, n.lane, n.type, (n.terms).capabilities, (n.terms).assignee from coord.tasks n
    where n.project_id = p_project_id and n.status = 'ready' and n.lane > p_low and n.lane < p_high
    order by n.lane limit 1)
    union all
    select l.nth + 1, f.lane, f.type, f.capabilities, f.assignee
    from lanes l cross join lateral (
      select n.lane, n.type, (n.terms).capabilities, (n.terms).assignee from coord.tasks n
      where n.project_id = p_project_id and n.status = 'ready' and n.lane > l.lane and n.lane < p_high
      order by n.lane limit 1) f
    where l.nth < p_most
  )
  select l.lane, l.type, l.capabilities, l.assignee from lanes l;
$$;
