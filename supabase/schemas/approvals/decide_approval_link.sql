-- Decides by link. Who has the token may decide, and nobody else needs to be known: it was sent to the webhook of the
-- operator, never to the requester. Null for a token nobody has made; decided is false when it came too late.
-- Concurrency: as decide_approval: the row is locked, then judged, so a link decides once, however often it is sent and
-- how many links there are.
create function coord.decide_approval_link(
  p_project_id integer, p_token_hash text, p_approve boolean, p_reason text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_approval coord.approvals;
  v_decided coord.approvals;
begin
  select a.* into v_approval
  from coord.approval_links l
  join coord.approvals a on a.project_id = l.project_id and a.approval_id = l.approval_id
  where l.project_id = p_project_id and l.token_hash = p_token_hash
  for update of a;
  if not found then return null; end if;
  v_decided := coord._decide(p_project_id, v_approval.approval_id, p_approve, 'link', 'link', p_reason, clock_timestamp());
  if v_decided.approval_id is null then
    perform coord._journal(p_project_id, 'decide_approval', 'approval:' || v_approval.approval_id, 'conflict', '{"via": "link"}');
    return jsonb_build_object('decided', false,
      'status', coord._approval_status(v_approval.status, v_approval.expires_at));
  end if;
  perform coord._journal(p_project_id, 'decide_approval', 'approval:' || v_approval.approval_id, 'ok',
    jsonb_strip_nulls(jsonb_build_object('status', v_decided.status, 'via', 'link', 'reason', left(p_reason, 500))));
  return jsonb_build_object('decided', true, 'status', v_decided.status);
end
$$;

grant execute on function coord.decide_approval_link to coord_app;
