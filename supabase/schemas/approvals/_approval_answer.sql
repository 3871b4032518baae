-- What the requester is told of an approval: `decided` is true when there is nothing left to wait for.
create function coord._approval_answer(p_approval coord.approvals) returns jsonb
language plpgsql volatile
as $$
declare
  v_status text := coord._approval_status(p_approval.status, p_approval.expires_at);
begin
  return jsonb_build_object('decided', v_status <> 'pending', 'status', v_status,
    'approval_id', p_approval.approval_id, 'expires_at', p_approval.expires_at,
    'decided_by', p_approval.decided_by, 'decided_via', p_approval.decided_via, 'reason', p_approval.reason,
    'used_at', p_approval.used_at,
    'hint', case v_status
      when 'pending' then 'Do not act yet. Do something else, and wait with check_approval and wait_seconds.'
      when 'denied' then 'Do not do it. Read the reason, or ask the user.'
      when 'expired' then 'Nobody decided: that is neither yes nor no, so do not do it. Ask the user, or request it again.'
      else case when p_approval.used_at is null then 'Call use_approval with the same payload, then act.'
        else 'It has been used. For doing it again, request it again.' end end);
end
$$;
