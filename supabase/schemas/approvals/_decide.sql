-- Decides a pending approval; null when it was not pending any more, or its time was over.
-- Concurrency: one guarded UPDATE. Two who decide at once meet at the row, and the second finds it decided. The caller
-- has locked the row and looked at the clock since: what is stamped is what was judged. The requester's inbox is
-- written in the same transaction, so that a kill leaves both or neither.
create function coord._decide(
  p_project_id integer, p_approval_id uuid, p_approve boolean, p_by text, p_via text, p_reason text, p_now timestamptz
) returns coord.approvals
language plpgsql volatile
as $$
declare
  v_approval coord.approvals;
begin
  update coord.approvals a set status = case when p_approve then 'approved' else 'denied' end, decided_at = p_now,
    decided_by = p_by, decided_via = p_via, reason = p_reason
  where a.project_id = p_project_id and a.approval_id = p_approval_id and a.status = 'pending' and a.expires_at > p_now
  returning a.* into v_approval;
  if not found then return null; end if;
  update coord.approval_webhooks w set settled_at = p_now, outcome = 'obsolete'
  where w.project_id = p_project_id and w.approval_id = p_approval_id and w.settled_at is null;
  perform coord._tell_requester(v_approval);
  return v_approval;
end
$$;
