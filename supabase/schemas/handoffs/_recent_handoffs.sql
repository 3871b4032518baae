-- Handoffs, newest first, those included that the sweeper has still to make: nobody has to wait for it. Of these it
-- looks at the three newest sessions that may need one, since each costs a look at the journal.
-- Concurrency: one snapshot for both kinds, so that a handoff that is just being made is there once.
create function coord._recent_handoffs(p_project_id integer, p_agent text, p_handoff_id uuid, p_limit integer)
returns setof coord.handoffs
language sql stable
as $$
  select r.* from (
    (select h.* from coord.handoffs h
      where h.project_id = p_project_id and (p_agent is null or h.agent = p_agent)
        and (p_handoff_id is null or h.handoff_id = p_handoff_id)
      order by h.created_at desc limit p_limit)
    union all
    select (d.handoff).* from (
      select coord._journalled_handoff(s) as handoff from (
        select o.* from coord.sessions o
        where o.project_id = p_project_id and o.handoff_xact is not null and (p_agent is null or o.agent = p_agent)
          and (p_handoff_id is null or o.session_id = p_handoff_id)
        order by o.handoff_xact desc limit 3) s offset 0) d
    where (d.handoff).handoff_id is not null) r
  order by r.created_at desc, r.handoff_id limit p_limit;
$$;
