-- Lets the next read begin where this one found nothing open any more. A floor never passes an item that is open, nor
-- p_xmin: transactions from there on may commit later, and with them items that nobody has seen.
create function coord._raise_floor(p_reader coord.inbox_readers, p_xmin xid8) returns void
language plpgsql volatile
as $$
declare
  v_floor xid8 := least(p_xmin, (
    select u.xact_id from coord._unread(p_reader, 1, true) u));
begin
  if v_floor <= p_reader.floor then return; end if;
  insert into coord.inbox_readers as r (project_id, session_id, agent, started_at, joined_at, floor)
  values (p_reader.project_id, p_reader.session_id, p_reader.agent, p_reader.started_at, p_reader.joined_at, v_floor)
  on conflict (project_id, session_id) do update set floor = excluded.floor;
end
$$;
