-- Keeps the violations of a verdict, one row each; of one agent, its subagents included, some 200 an hour. The verdict
-- itself does not depend on it, and a call that is refused is in the journal.
create function coord._record_violations(p_call coord._call, p_verdict jsonb) returns void
language sql volatile
as $$
  insert into coord.guardrail_violations (project_id, violation_id, session_id, agent, operation, rule, category, severity, bypassed,
    verdict, matched_text, rules_version)
  select p_call.project_id, coord._new_id(), p_call.session_id, p_call.agent, p_call.operation, v.rule, v.category, v.severity, v.bypassed,
    p_verdict ->> 'verdict', v.matched_text, p_verdict ->> 'rules_version'
  from jsonb_to_recordset(p_verdict -> 'violations') v(rule text, category text, severity text, bypassed boolean,
    matched_text text)
  where not exists (
    select from coord.guardrail_violations o
    where o.project_id = p_call.project_id and o.at > clock_timestamp() - interval '1 hour'
      and split_part(o.agent, '/', 1) = split_part(p_call.agent, '/', 1)
    offset 199 limit 1);
$$;
