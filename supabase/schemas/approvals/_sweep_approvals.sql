-- Writes down which approvals of a project have expired, and tells who asked. Nothing depends on it: every decision
-- looks at the time itself.
-- Concurrency: rows that somebody is just deciding are left for the next round; the status in the WHERE is looked at
-- under the row lock.
create function coord._sweep_approvals(p_project_id integer) returns void
language plpgsql volatile
as $$
declare
  v_approval coord.approvals;
begin
  for v_approval in
    update coord.approvals a set status = 'expired'
    where a.project_id = p_project_id and a.status = 'pending' and a.approval_id in (
      select o.approval_id from coord.approvals o
      where o.project_id = p_project_id and o.status = 'pending' and o.expires_at <= clock_timestamp()
      limit 1000 for update skip locked)
    returning a.*
  loop
    update coord.approval_webhooks w set settled_at = clock_timestamp(), outcome = 'obsolete'
    where w.project_id = p_project_id and w.approval_id = v_approval.approval_id and w.settled_at is null;
    perform coord._journal(p_project_id, 'sweep', 'approval:' || v_approval.approval_id, 'expired');
    perform coord._tell_requester(v_approval);
  end loop;
end
$$;
