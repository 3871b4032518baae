-- What a session that begins should know of: three handoffs of a week, the newest of each agent with its subagents, its
-- own first, then those that agents wrote. In short; read_handoff has the whole.
-- Own ones and written ones are looked up by themselves, so that sessions of another agent, however many, keep none of
-- them from being offered.
create function coord._offered_handoffs(p_project_id integer, p_session_id uuid, p_agent text) returns jsonb
language plpgsql stable
as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('handoff_id', o.handoff_id, 'agent', o.agent, 'created_at', o.created_at,
    'automatic', o.automatic, 'summary', left(o.summary, 300)) order by o.created_at desc), '[]')
  from (
    select * from (
      select distinct on (case when r.agent = p_agent then '/' else split_part(r.agent, '/', 1) end) r.* from (
        select h.* from coord._recent_handoffs(p_project_id, p_agent, null, 3) h
        union all
        (select w.* from coord.handoffs w where w.project_id = p_project_id and not w.automatic
          order by w.created_at desc limit 50)
        union all
        select h.* from coord._recent_handoffs(p_project_id, null, null, 10) h) r
      where r.session_id <> p_session_id and r.created_at > clock_timestamp() - interval '7 days'
      order by case when r.agent = p_agent then '/' else split_part(r.agent, '/', 1) end, r.created_at desc) n
    order by n.agent = p_agent desc, n.automatic, n.created_at desc limit 3) o);
end
$$;
