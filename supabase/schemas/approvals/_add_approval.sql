-- Writes an approval: decided when a rule does so, else with its row in the outbox of the webhook.
create function coord._add_approval(
  p_call coord._call, p_action_type text, p_description text, p_payload jsonb, p_hash text, p_risk text,
  p_seconds integer
) returns coord.approvals
language plpgsql volatile
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_credentials text[] := coord._credentials(p_call.project_id, p_call.session_id, false);
  v_rule text := coord._rule_for(p_call, p_action_type, p_risk, v_credentials);
  v_approval coord.approvals;
begin
  insert into coord.approvals (project_id, approval_id, action_type, description, payload, payload_hash, risk,
    requested_by, session_id, credentials, requested_at, expires_at, status, decided_at, decided_by, decided_via)
  values (p_call.project_id, coord._new_id(), p_action_type, p_description, p_payload, p_hash, p_risk,
    p_call.agent, p_call.session_id, v_credentials, v_now, v_now + make_interval(secs => p_seconds),
    case when v_rule is null then 'pending' else 'approved' end, case when v_rule is not null then v_now end,
    v_rule, case when v_rule is not null then 'rule' end)
  returning approvals.* into v_approval;
  if v_rule is null then
    insert into coord.approval_webhooks (project_id, approval_id) values (p_call.project_id, v_approval.approval_id);
  end if;
  return v_approval;
end
$$;
