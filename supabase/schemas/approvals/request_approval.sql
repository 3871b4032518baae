-- Asks for an approval of exactly this payload, and answers it at once when a rule decides. The same question of the
-- same session joins the one that is pending, so that a call that is repeated does not ask a person twice.
-- Each counts as ten messages, because it is put before a person; as one when a rule decides (see _silent_until).
-- Waiting is not done here: core goes on with check_approval.
-- Concurrency: requests of one agent follow each other under the lock on the agent's row, so neither the join nor the
-- limit can be raced. Killed before its commit it has done nothing; after it, the question stands and can be found.
create function coord.request_approval(
  p_caller jsonb, p_action_type text, p_description text, p_payload jsonb default '{}', p_risk text default 'medium',
  p_expires_in_seconds integer default 300, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'request_approval');
  v_hash text := encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex');
  v_account text := coord._account(v_call);
  v_credentials text[];
  v_rule text;
  v_pending bigint;
  v_until timestamptz;
  v_approval coord.approvals;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if octet_length(p_payload::text) > 65536 then
    return coord._refuse(v_call, 'invalid_input', 'payload: longer than 65536 bytes.',
      'Nobody can judge so much: name a file, a commit or a hash in the payload instead.');
  end if;
  perform from coord.agents a where a.project_id = v_call.project_id and a.agent = v_account for update;
  select a.* into v_approval from coord.approvals a
  where a.project_id = v_call.project_id and a.status = 'pending' and a.expires_at > clock_timestamp()
    and a.session_id = v_call.session_id and a.action_type = p_action_type and a.payload_hash = v_hash
    and a.description = p_description and a.risk = p_risk;
  if found then return coord._leave(v_call, coord._approval_answer(v_approval)); end if;
  select count(*) into v_pending from coord.approvals a
  where a.project_id = v_call.project_id and a.status = 'pending' and a.expires_at > clock_timestamp()
    and (a.requested_by = v_account or starts_with(a.requested_by, v_account || '/'));
  if v_pending >= 20 then
    return coord._refuse(v_call, 'limit_exceeded', 'This agent waits for 20 approvals already.',
      'Wait until some are decided or have expired: see list_approvals.', '{"reason": "too_many_pending"}');
  end if;
  v_credentials := coord._credentials(v_call.project_id, v_call.session_id, false);
  v_rule := coord._rule_for(v_call, p_action_type, p_risk, v_credentials);
  v_until := coord._silent_until(v_call, case when v_rule is null then 10 else 1 end);
  if v_until is not null then return coord._refuse_silent(v_call, v_until); end if;
  v_approval := coord._add_approval(v_call, p_action_type, p_description, p_payload, v_hash, p_risk,
    p_expires_in_seconds, v_credentials, v_rule);
  return coord._leave(v_call, coord._approval_answer(v_approval), 'approval:' || v_approval.approval_id,
    jsonb_strip_nulls(jsonb_build_object('action_type', p_action_type, 'risk', p_risk, 'payload_hash', v_hash,
      'status', v_approval.status, 'rule', case when v_approval.decided_via = 'rule' then v_approval.decided_by end)));
end
$$;

grant execute on function coord.request_approval to coord_app;
