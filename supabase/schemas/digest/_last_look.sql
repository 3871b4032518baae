-- The last look of the calling session; of one that has not looked yet, the last that its agent took before it began.
-- Null when there is none. One of transactions to come is from another server, by a restored backup, and means nothing.
create function coord._last_look(p_call coord._call) returns coord.looks
language plpgsql stable
as $$
declare
  v_look coord.looks;
begin
  select l.* into v_look
  from coord.looks l
  join coord.sessions s on s.project_id = l.project_id and s.session_id = p_call.session_id
  where l.project_id = p_call.project_id and l.agent = p_call.agent
    and (l.session_id = s.session_id or pg_snapshot_xmax(l.seen) <= s.began_xact)
    and pg_snapshot_xmax(l.seen) <= pg_snapshot_xmax(pg_current_snapshot())
  order by l.session_id = s.session_id desc, pg_snapshot_xmax(l.seen) desc limit 1;
  return v_look;
end
$$;
