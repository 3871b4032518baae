-- Decisions of the project, newest first, as many as fit into a page; pages by decision_id, which is ordered by time.
create function coord.list_decisions(
  p_caller jsonb, p_agent text default null, p_type text default null, p_limit integer default 50,
  p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_decisions');
  v_decisions jsonb;
  v_last uuid;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_agg(jsonb_build_object('decision_id', f.decision_id, 'type', f.type, 'context', f.context,
      'reason', f.reason, 'agent', f.agent, 'decided_at', f.at) order by f.decision_id desc) filter (where f.fits), '[]'),
    case when bool_or(not f.fits) then min(f.decision_id::text) filter (where f.fits) end
  into v_decisions, v_last
  from (
    select d.*, row_number() over place <= p_limit
        and sum(octet_length(d.context) + octet_length(d.reason)) over place <= coord._page_bytes() as fits
    from coord.decisions d
    where d.project_id = v_call.project_id
      and (p_agent is null or d.agent = p_agent)
      and (p_type is null or d.type = p_type)
      and (p_before is null or d.decision_id < p_before)
    window place as (order by d.decision_id desc)
    order by d.decision_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object('decisions', v_decisions, 'next_before', v_last));
end
$$;

grant execute on function coord.list_decisions to coord_app;
