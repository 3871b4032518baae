-- Puts the outcome of an approval into the inbox of whoever asked, in every session of it: the one that asked may be
-- gone, and another may go on.
create function coord._tell_requester(p_approval coord.approvals) returns void
language plpgsql volatile
as $$
begin
  perform coord._inbox_add(p_approval.project_id, p_approval.requested_by, null, 'approval_decided',
    jsonb_strip_nulls(jsonb_build_object('approval_id', p_approval.approval_id, 'status', p_approval.status,
      'action_type', p_approval.action_type, 'decided_by', p_approval.decided_by, 'reason', p_approval.reason,
      'text', format('Your request for %s is %s.', p_approval.action_type, p_approval.status))),
    'approval:' || p_approval.approval_id);
end
$$;
