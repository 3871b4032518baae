-- What a session that begins should know of: of the ten newest handoffs of a week three, those of its own agent first,
-- then those that agents wrote. In short; read_handoff has the whole.
create function coord._offered_handoffs(p_project_id integer, p_session_id uuid, p_agent text) returns jsonb
language plpgsql stable
as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('handoff_id', o.handoff_id, 'agent', o.agent, 'created_at', o.created_at,
    'automatic', o.automatic, 'summary', left(o.summary, 300)) order by o.created_at desc), '[]')
  from (
    select h.* from coord._recent_handoffs(p_project_id, null, null, 10) h
    where h.session_id <> p_session_id and h.created_at > clock_timestamp() - interval '7 days'
    order by h.agent = p_agent desc, h.automatic, h.created_at desc limit 3) o);
end
$$;
