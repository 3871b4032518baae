-- Writes an approval: decided when a rule does so (p_rule, else null), else with its row in the outbox of the webhook.
create function coord._add_approval(
  p_call coord._call, p_action_type text, p_description text, p_payload jsonb, p_hash text, p_risk text,
  p_seconds integer, p_credentials text[], p_rule text
) returns coord.approvals
language plpgsql volatile
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_approval coord.approvals;
begin
  insert into coord.approvals (project_id, approval_id, action_type, description, payload, payload_hash, risk,
    requested_by, session_id, credentials, requested_at, expires_at, status, decided_at, decided_by, decided_via)
  values (p_call.project_id, coord._new_id(), p_action_type, p_description, p_payload, p_hash, p_risk,
    p_call.agent, p_call.session_id, p_credentials, v_now, v_now + make_interval(secs => p_seconds),
    case when p_rule is null then 'pending' else 'approved' end, case when p_rule is not null then v_now end,
    p_rule, case when p_rule is not null then 'rule' end)
  returning approvals.* into v_approval;
  if p_rule is null then
    insert into coord.approval_webhooks (project_id, approval_id) values (p_call.project_id, v_approval.approval_id);
  end if;
  return v_approval;
end
$$;
