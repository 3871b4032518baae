-- Deletes what is kept of approvals for a time only, a thousand rows of a kind: rows of the outbox 7 days, links 14,
-- approvals 90 days after they ended.
create function coord._forget_approvals() returns void
language plpgsql volatile
as $$
begin
  delete from coord.approval_links l where (l.project_id, l.token_hash) in (
    select o.project_id, o.token_hash from coord.approval_links o
    where o.made_at < clock_timestamp() - interval '14 days' limit 1000 for update skip locked);
  delete from coord.approval_webhooks w where (w.project_id, w.approval_id) in (
    select o.project_id, o.approval_id from coord.approval_webhooks o
    where o.settled_at < clock_timestamp() - interval '7 days' limit 1000 for update skip locked);
  delete from coord.approvals a where (a.project_id, a.approval_id) in (
    select o.project_id, o.approval_id from coord.approvals o
    where o.status <> 'pending' and o.expires_at < clock_timestamp() - interval '90 days'
    limit 1000 for update skip locked);
end
$$;
