-- Says why an approval cannot be used: the first of these that holds.
create function coord._refuse_use(p_call coord._call, p_approval_id uuid, p_payload jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_approval coord.approvals;
  v_status text;
  v_reason text;
begin
  select a.* into v_approval from coord.approvals a
  where a.project_id = p_call.project_id and a.approval_id = p_approval_id;
  if not found then return coord._refuse_unknown_approval(p_call); end if;
  if v_approval.requested_by <> p_call.agent then
    return coord._refuse(p_call, 'forbidden', format('It was given to %s.', v_approval.requested_by),
      'Request one of your own: request_approval.', '{"reason": "not_requester"}', 'approval:' || p_approval_id);
  end if;
  v_status := coord._approval_status(v_approval.status, v_approval.expires_at);
  v_reason := case
    when v_status = 'pending' then 'not_decided'
    when v_status = 'denied' then 'denied'
    when v_status = 'expired' then 'approval_expired'
    when v_approval.used_at is not null then 'already_used'
    when v_approval.payload_hash <> encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex') then 'payload_changed'
    else 'approval_stale' end;
  return coord._refuse(p_call, 'conflict', case v_reason
      when 'not_decided' then 'Nobody has decided yet.'
      when 'denied' then 'It was denied.'
      when 'approval_expired' then 'Nobody decided in time: that is neither yes nor no.'
      when 'already_used' then 'It has been used already.'
      when 'payload_changed' then 'The payload is not the one that was approved.'
      else 'It was approved more than a day ago.' end,
    case v_reason
      when 'not_decided' then 'Do not act. Wait with check_approval and wait_seconds.'
      when 'payload_changed' then 'Do not act. Send the payload that was approved, or request this one.'
      else 'Do not act. If it must be done still, ask with request_approval again.' end,
    jsonb_build_object('reason', v_reason), 'approval:' || p_approval_id);
end
$$;
