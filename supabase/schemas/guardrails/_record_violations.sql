-- Keeps the violations of a verdict, one row each.
create function coord._record_violations(p_call coord._call, p_verdict jsonb) returns void
language sql volatile
as $$
  insert into coord.guardrail_violations (project_id, violation_id, session_id, agent, operation, rule, category, severity, bypassed,
    verdict, matched_text, rules_version)
  select p_call.project_id, coord._new_id(), p_call.session_id, p_call.agent, p_call.operation, v.rule, v.category, v.severity, v.bypassed,
    p_verdict ->> 'verdict', v.matched_text, p_verdict ->> 'rules_version'
  from jsonb_to_recordset(p_verdict -> 'violations') v(rule text, category text, severity text, bypassed boolean,
    matched_text text);
$$;
