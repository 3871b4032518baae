-- Who reads for the calling session, and from where on: its row, or what it would be before the first read. A floor
-- that the server's transactions have not reached comes from another server, by a restored backup, and means nothing.
create function coord._inbox_reader(p_call coord._call) returns coord.inbox_readers
language plpgsql stable
as $$
declare
  v_reader coord.inbox_readers;
begin
  select r.* into v_reader from coord.inbox_readers r
  where r.project_id = p_call.project_id and r.session_id = p_call.session_id
    and r.floor <= pg_snapshot_xmin(pg_current_snapshot());
  if found then return v_reader; end if;
  select s.project_id, s.session_id, s.agent, s.started_at, a.created_at, '0'::xid8 into v_reader
  from coord.sessions s join coord.agents a on a.project_id = s.project_id and a.agent = s.agent
  where s.project_id = p_call.project_id and s.session_id = p_call.session_id;
  return v_reader;
end
$$;
