-- The part of _forget about messages: items of the inbox and their receipts 30 days, resolved threads 30 days after
-- their last change, others 180. Decisions stay.
create function coord._forget_messages() returns void
language plpgsql volatile
as $$
begin
  with gone as (
    delete from coord.inbox_items i where (i.project_id, i.item_id) in (
      select o.project_id, o.item_id from coord.inbox_items o
      where o.at < clock_timestamp() - interval '30 days' limit 1000 for update skip locked)
    returning i.project_id, i.item_id)
  delete from coord.inbox_receipts r using gone g where r.project_id = g.project_id and r.item_id = g.item_id;
  -- Of a transaction that read an item while it was deleted.
  delete from coord.inbox_receipts r where (r.project_id, r.item_id, r.agent, r.session_id) in (
    select o.project_id, o.item_id, o.agent, o.session_id from coord.inbox_receipts o
    where o.at < clock_timestamp() - interval '31 days'
      and not exists (select from coord.inbox_items i where i.project_id = o.project_id and i.item_id = o.item_id)
    limit 1000 for update skip locked);
  delete from coord.inbox_readers r where (r.project_id, r.session_id) in (
    select o.project_id, o.session_id from coord.inbox_readers o
    where not exists (select from coord.sessions s where s.project_id = o.project_id and s.session_id = o.session_id)
    limit 1000 for update skip locked);
  with gone as (
    delete from coord.threads t where (t.project_id, t.thread_id) in (
      select o.project_id, o.thread_id from coord.threads o
      where o.changed_at < clock_timestamp() - case when o.status = 'resolved' then 30 else 180 end * interval '1 day'
      limit 1000 for update skip locked)
    returning t.project_id, t.thread_id)
  delete from coord.thread_posts p using gone g where p.project_id = g.project_id and p.thread_id = g.thread_id;
end
$$;
