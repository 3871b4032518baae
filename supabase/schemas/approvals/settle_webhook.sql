-- Notes how a try to send ended: p_error null when the other side took it. The twelfth failure is the last.
-- Concurrency: only a row that is open is changed, so what a slow try reports late changes nothing.
create function coord.settle_webhook(p_project_id integer, p_approval_id uuid, p_error text default null) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update coord.approval_webhooks w set last_error = left(p_error, 200),
    settled_at = case when p_error is null or w.attempts >= 12 then clock_timestamp() end,
    outcome = case when p_error is null then 'delivered' when w.attempts >= 12 then 'given_up' end
  where w.project_id = p_project_id and w.approval_id = p_approval_id and w.settled_at is null
  returning to_jsonb(w.outcome);
$$;

grant execute on function coord.settle_webhook to coord_app;
