-- What was decided about hosts, an hour, an agent and a verdict a row, newest first.
create function coord.list_network_decisions(
  p_caller jsonb, p_agent text default null, p_allowed boolean default null, p_limit integer default 50
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_network_decisions');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('decisions', coalesce((
    select jsonb_agg(jsonb_build_object('agent', d.agent, 'host', d.host, 'allowed', d.allowed, 'rule', d.rule,
      'requests', d.requests, 'hour_at', d.hour, 'last_at', d.last_at) order by d.hour desc, d.last_at desc)
    from (
      select n.* from coord.network_decisions n
      where n.project_id = v_call.project_id and (p_agent is null or n.agent = p_agent)
        and (p_allowed is null or n.allowed = p_allowed)
      order by n.hour desc, n.last_at desc limit p_limit) d), '[]')));
end
$$;

grant execute on function coord.list_network_decisions to coord_app;
