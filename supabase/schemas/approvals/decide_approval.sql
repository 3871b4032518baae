-- Approves or denies, once, for somebody else: never with a credential that the requester has or has made, see
-- _credentials. Trust 3 or more, as the frame has seen.
-- Concurrency: the row is locked before it is judged, and the clock is read after that, so a caller that waited for
-- another decision or past the expiry finds out; see _decide.
create function coord.decide_approval(
  p_caller jsonb, p_approval_id uuid, p_decision text, p_reason text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'decide_approval');
  v_approval coord.approvals;
  v_resource text := 'approval:' || p_approval_id;
  v_status text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select a.* into v_approval from coord.approvals a
  where a.project_id = v_call.project_id and a.approval_id = p_approval_id for update;
  if not found then return coord._refuse_unknown_approval(v_call); end if;
  if v_approval.session_id = v_call.session_id
    or v_approval.credentials && coord._credentials(v_call.project_id, v_call.session_id, true)
  then
    return coord._refuse(v_call, 'forbidden', 'Nobody decides what they have asked for, under any name or key of theirs.',
      'Leave it to somebody else: a person, or an agent whose key was not made by the requester.',
      '{"reason": "own_request"}', v_resource);
  end if;
  v_status := coord._approval_status(v_approval.status, v_approval.expires_at);
  if v_status = 'pending' then
    v_approval := coord._decide(v_call.project_id, p_approval_id, p_decision = 'approve', v_call.agent, 'session',
      p_reason, clock_timestamp());
    v_status := coalesce(v_approval.status, 'expired');
  elsif v_status <> 'expired' then
    return coord._refuse(v_call, 'conflict', format('It was %s by %s already.', v_status, v_approval.decided_by),
      'A decision stands. The requester can ask again.', '{"reason": "already_decided"}', v_resource);
  end if;
  if v_status = 'expired' then
    return coord._refuse(v_call, 'conflict', 'The time for deciding is over.', 'The requester can ask again.',
      '{"reason": "approval_expired"}', v_resource);
  end if;
  return coord._leave(v_call, jsonb_build_object('decided', true, 'status', v_status, 'approval_id', p_approval_id,
    'requested_by', v_approval.requested_by), v_resource,
    jsonb_strip_nulls(jsonb_build_object('status', v_status, 'via', 'session', 'reason', left(p_reason, 500))));
end
$$;

grant execute on function coord.decide_approval to coord_app;
