-- Consumes an approval for the action it was given for: once, by the agent that asked, within a day of the decision.
-- Concurrency: one guarded UPDATE in which agent, status, payload, time and "not used yet" all still match, so of two
-- that use it one does. A kill before its commit leaves the approval as it was, after it the approval is used up.
create function coord.use_approval(p_caller jsonb, p_approval_id uuid, p_payload jsonb default '{}') returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'use_approval');
  v_used_at timestamptz;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.approvals a set used_at = clock_timestamp()
  where a.project_id = v_call.project_id and a.approval_id = p_approval_id and a.requested_by = v_call.agent
    and a.status = 'approved' and a.used_at is null and a.decided_at > clock_timestamp() - interval '24 hours'
    and a.payload_hash = encode(sha256(convert_to(p_payload::text, 'UTF8')), 'hex')
  returning a.used_at into v_used_at;
  if not found then return coord._refuse_use(v_call, p_approval_id, p_payload); end if;
  return coord._leave(v_call,
    jsonb_build_object('used', true, 'approval_id', p_approval_id, 'used_at', v_used_at), 'approval:' || p_approval_id);
end
$$;

grant execute on function coord.use_approval to coord_app;
