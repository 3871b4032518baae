-- What is open for a session from its floor on: items that it has not read, and that no session of its agent had read
-- when it began. Who was here when a broadcast was sent, or came within an hour, is meant by it. An item for one
-- session is open for the others of its agent too: theirs (is_mine) once that one is dead and nobody has read it; until
-- then it only holds their floor. In SQL and stable, so that it is part of the query it stands in, and reads no more
-- than that asks for.
create function coord._unread(p_reader coord.inbox_readers)
returns table (item_id uuid, xact_id xid8, is_mine boolean)
language sql stable
as $$
  select i.item_id, i.xact_id, i.session_id is null or i.session_id = p_reader.session_id or not exists (
    select from coord.sessions o where o.project_id = i.project_id and o.session_id = i.session_id
      and coord._holds(o.ended_at, o.lease_expires_at))
  from (
    select d.* from coord.inbox_items d
    where d.project_id = p_reader.project_id and d.agent = p_reader.agent and d.xact_id >= p_reader.floor
    union all
    select b.* from coord.inbox_items b
    where b.project_id = p_reader.project_id and b.agent = '' and b.xact_id >= p_reader.floor
      and b.at > p_reader.joined_at - interval '1 hour'
  ) i
  where i.from_session_id is distinct from p_reader.session_id
    and not exists (
      select from coord.inbox_receipts r
      where r.project_id = i.project_id and r.item_id = i.item_id and r.agent = p_reader.agent
        and (r.session_id = p_reader.session_id or r.at < p_reader.started_at or i.session_id is not null));
$$;
