-- What is open for a session from its floor on, the oldest first: items that it has not read, and that no session of
-- its agent had read when it began. Who was here when a broadcast was sent, or came within an hour, is meant by it. An
-- item for one session is its alone while it lives; after that it goes to whichever other session of the agent reads
-- first. p_held: also what is held for a living session, because it may be left to this one.
-- Each branch walks an index in the order of the answer and stops at the limit; receipts are counted, because a join
-- would read all of them.
create function coord._unread(p_reader coord.inbox_readers, p_limit integer, p_held boolean default false)
returns table (item_id uuid, xact_id xid8)
language sql stable
as $$
  select u.item_id, u.xact_id
  from (values (p_reader.agent), ('')) w(agent)
  cross join lateral (
    select i.item_id, i.xact_id from coord.inbox_items i
    where i.project_id = p_reader.project_id and i.agent = w.agent and i.xact_id >= p_reader.floor
      and (w.agent <> '' or i.at > p_reader.joined_at - interval '1 hour')
      and i.from_session_id is distinct from p_reader.session_id
      and (i.session_id is null or i.session_id = p_reader.session_id or p_held or not exists (
        select from coord.sessions o where o.project_id = i.project_id and o.session_id = i.session_id
          and coord._holds(o.ended_at, o.lease_expires_at)))
      and (select count(*) from coord.inbox_receipts r
        where r.project_id = i.project_id and r.item_id = i.item_id and r.agent = p_reader.agent
          and (r.session_id = p_reader.session_id or r.at < p_reader.started_at or i.session_id is not null)) = 0
    order by i.xact_id, i.item_id limit p_limit
  ) u
  order by u.xact_id, u.item_id limit p_limit;
$$;
