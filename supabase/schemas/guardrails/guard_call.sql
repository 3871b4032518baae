-- Whether a call may go on in whose input core has found violations: {"warnings": [...], "repeats": false}, or the error
-- that the call is answered with, journalled as its own refusal. Asked before the call, and only when something was found.
-- A call that repeats an earlier one goes on as a repetition, whatever the rules say now: it is answered what that was, and
-- nothing is kept a second time. That it is one, the call then says itself, so that it is refused if what it repeats has
-- been forgotten meanwhile (see _replay).
create function coord.guard_call(p_caller jsonb, p_operation text, p_computed jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller - 'idempotency_key' - 'input', p_operation, false);
  v_verdict jsonb;
  v_first jsonb;
  v_repeats boolean;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_verdict := coord._judged(v_call, p_computed);
  v_first := v_verdict -> 'violations' -> 0;
  v_repeats := exists (
    select from coord.idempotency_keys k where k.project_id = v_call.project_id and k.agent = v_call.agent
      and k.key = p_caller ->> 'idempotency_key' and k.operation = p_operation
      and k.input_hash = coord._input_hash(p_caller -> 'input'));
  -- A refusal is a call like any other; one that goes on is counted by itself.
  if not v_repeats and not (v_verdict ->> 'safe')::boolean then
    v_call.answer := (select coord._count_call(v_call, s.restrictions, true) from coord.sessions s
      where s.project_id = v_call.project_id and s.session_id = v_call.session_id and s.restrictions ? 'calls_per_hour');
    if v_call.answer is not null then return v_call.answer; end if;
  end if;
  if not v_repeats then
    perform coord._record_violations(v_call, v_verdict);
  elsif not (v_verdict ->> 'safe')::boolean then
    return '{"warnings": [], "repeats": true}';
  end if;
  if not (v_verdict ->> 'safe')::boolean then
    return coord._refuse(v_call, 'forbidden',
      format('%s: rule %s. %s', v_first ->> 'field', v_first ->> 'rule', v_first ->> 'message'),
      format('%s%s', v_first ->> 'advice',
        ' Trust ' || (v_first ->> 'bypass_trust') || ' may do it all the same: ask somebody who has it.'),
      jsonb_build_object('reason', 'guardrail_violation') || v_verdict);
  end if;
  return jsonb_build_object('repeats', false, 'warnings', coalesce((
    select jsonb_agg(v.violation) from jsonb_array_elements(v_verdict -> 'violations') v(violation)
    where v.violation ->> 'severity' <> 'log'), '[]'));
end
$$;

grant execute on function coord.guard_call to coord_app;
