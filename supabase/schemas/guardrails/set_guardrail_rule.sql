-- Sets a rule of the project, or what a built-in one weighs here; core has tried the pattern, and says in p_computed
-- which of both it is. It counts in every process within 5 s.
-- Concurrency: the row of the version is locked first, so two who change rules follow each other.
create function coord.set_guardrail_rule(
  p_caller jsonb, p_rule text, p_pattern text default null, p_category text default 'guard',
  p_severity text default 'block', p_bypass_trust integer default null, p_message text default null,
  p_advice text default null, p_matching_examples text[] default null, p_other_examples text[] default null,
  p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_guardrail_rule');
  v_version integer;
  v_replaced boolean;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_computed is null then
    return coord._refuse(v_call, 'invalid_input', 'Nobody has tried this rule.', 'Call set_guardrail_rule through a door.');
  end if;
  v_replaced := exists (
    select from coord.guardrail_rules r where r.project_id = v_call.project_id and r.rule = p_rule);
  if not v_replaced and (
    select count(*) >= 100 from coord.guardrail_rules r where r.project_id = v_call.project_id)
  then
    return coord._refuse(v_call, 'limit_exceeded', 'A project has at most 100 guardrail rules.',
      'Delete one, or put several patterns into one with `|`.');
  end if;
  v_version := coord._next_guardrails_version(v_call.project_id);
  insert into coord.guardrail_rules as r (project_id, rule, pattern, category, severity, bypass_trust, message, advice, set_by)
  values (v_call.project_id, p_rule, p_pattern, coalesce(p_computed ->> 'category', p_category), p_severity, p_bypass_trust,
    p_message, p_advice, v_call.agent)
  on conflict (project_id, rule) do update set pattern = excluded.pattern, category = excluded.category,
    severity = excluded.severity, bypass_trust = excluded.bypass_trust, message = excluded.message,
    advice = excluded.advice, set_by = excluded.set_by, set_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('rule', p_rule, 'replaced', v_replaced, 'version', v_version),
    'guardrail_rule:' || p_rule, jsonb_strip_nulls(jsonb_build_object('pattern', p_pattern, 'severity', p_severity,
      'bypass_trust', p_bypass_trust, 'version', v_version)));
end
$$;

grant execute on function coord.set_guardrail_rule to coord_app;
