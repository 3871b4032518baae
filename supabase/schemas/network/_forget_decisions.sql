-- Deletes counts of decisions about hosts that are older than 30 days, a thousand at a time.
create function coord._forget_decisions() returns void
language plpgsql volatile
as $$
begin
  delete from coord.network_decisions d where (d.project_id, d.hour, d.agent, d.host, d.allowed) in (
    select o.project_id, o.hour, o.agent, o.host, o.allowed from coord.network_decisions o
    where o.hour < clock_timestamp() - interval '30 days' limit 1000 for update skip locked);
end
$$;
