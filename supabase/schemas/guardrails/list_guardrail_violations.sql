-- Violations of the project, newest first; pages by violation_id, which is ordered by time.
create function coord.list_guardrail_violations(
  p_caller jsonb, p_rule text default null, p_agent text default null, p_limit integer default 50,
  p_before uuid default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_guardrail_violations');
  v_violations jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(jsonb_agg(jsonb_build_object('violation_id', f.violation_id, 'happened_at', f.at, 'agent', f.agent,
    'session_id', f.session_id, 'operation', f.operation, 'rule', f.rule, 'category', f.category, 'severity', f.severity,
    'bypassed', f.bypassed, 'verdict', f.verdict, 'matched_text', f.matched_text, 'rules_version', f.rules_version)
    order by f.violation_id desc), '[]') into v_violations
  from (
    select v.* from coord.guardrail_violations v
    where v.project_id = v_call.project_id
      and (p_rule is null or v.rule = p_rule)
      and (p_agent is null or v.agent = p_agent)
      and (p_before is null or v.violation_id < p_before)
    order by v.violation_id desc limit p_limit + 1
  ) f;
  return coord._leave(v_call, jsonb_build_object(
    'violations', jsonb_path_query_array(v_violations, '$[0 to $n]', jsonb_build_object('n', p_limit - 1)),
    'next_before', case when jsonb_array_length(v_violations) > p_limit
      then v_violations -> (p_limit - 1) -> 'violation_id' end));
end
$$;

grant execute on function coord.list_guardrail_violations to coord_app;
