-- Approvals that somebody should be told of now, each with a link of its own when p_with_links: what the process that
-- has a webhook configured asks every second. The token of a link stands in this answer only; its hash is kept.
-- Concurrency: a row is taken under its lock, which others skip, and is due again only after the pause that follows a
-- failed try, longer than any try lasts. So two processes do not send at once, and one that is killed while sending
-- leaves the rest to the next: at least once, under the same id.
create function coord.take_webhooks(p_limit integer, p_with_links boolean) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_row record;
  v_token text;
  v_taken jsonb := '[]';
begin
  for v_row in
    select w.project_id, w.approval_id, p.name as project, a.action_type, a.description, a.risk, a.payload_hash,
      a.requested_by, a.requested_at, a.expires_at
    from coord.approval_webhooks w
    join coord.approvals a on a.project_id = w.project_id and a.approval_id = w.approval_id
    join coord.projects p on p.project_id = w.project_id
    where w.settled_at is null and w.due_at <= clock_timestamp() and w.attempts < 12
      and a.status = 'pending' and a.expires_at > clock_timestamp()
    order by w.due_at limit p_limit for update of w skip locked
  loop
    update coord.approval_webhooks w set attempts = w.attempts + 1,
      due_at = clock_timestamp() + least(interval '10 seconds' * power(2, w.attempts), interval '1 hour')
    where w.project_id = v_row.project_id and w.approval_id = v_row.approval_id;
    v_token := case when p_with_links then v_row.project_id || '-' || translate(encode(sha256(
      uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'),
      '+/=', '-_') end;
    insert into coord.approval_links (project_id, token_hash, approval_id)
    select v_row.project_id, encode(sha256(convert_to(v_token, 'UTF8')), 'hex'), v_row.approval_id
    where p_with_links;
    v_taken := v_taken || jsonb_build_array(to_jsonb(v_row) || jsonb_build_object('token', v_token));
  end loop;
  return v_taken;
end
$$;

grant execute on function coord.take_webhooks to coord_app;
