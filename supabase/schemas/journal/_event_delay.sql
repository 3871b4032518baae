-- For how many seconds the oldest row of a project at or above the horizon has been kept from readers; null when there
-- is none. See _horizon for what keeps it back.
create function coord._event_delay(p_project_id integer, p_horizon xid8) returns integer
language sql volatile
as $$
  select extract(epoch from clock_timestamp() - j.at)::integer from coord.journal j
  where j.project_id = p_project_id and j.xact_id >= p_horizon
  order by j.xact_id, j.entry_id limit 1;
$$;
