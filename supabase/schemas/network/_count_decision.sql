-- Counts a decision about a host in its row of this hour, for a subagent in that of the agent it works for.
-- Concurrency: the UPDATE, else the upsert, count under the row lock. Two who begin the last of 200 rows at once make
-- 201.
create function coord._count_decision(p_call coord._call, p_host text, p_allowed boolean, p_rule text) returns void
language plpgsql volatile
as $$
declare
  v_agent text := coord._account(p_call);
  v_hour timestamptz := date_trunc('hour', clock_timestamp());
begin
  update coord.network_decisions d
  set requests = least(d.requests, 2147483646) + 1, rule = p_rule, last_at = clock_timestamp()
  where d.project_id = p_call.project_id and d.hour = v_hour and d.agent = v_agent and d.host = p_host
    and d.allowed = p_allowed;
  if found then return; end if;
  insert into coord.network_decisions as d (project_id, hour, agent, host, allowed, rule)
  select p_call.project_id, v_hour, v_agent, case when count(*) < 200 then p_host else '' end, p_allowed,
    case when count(*) < 200 then p_rule end
  from coord.network_decisions o
  where o.project_id = p_call.project_id and o.hour = v_hour and o.agent = v_agent
  on conflict (project_id, hour, agent, host, allowed) do update
  set requests = least(d.requests, 2147483646) + 1, last_at = clock_timestamp();
end
$$;
