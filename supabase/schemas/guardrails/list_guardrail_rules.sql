-- What the project has set, by name; core adds what is built in.
create function coord.list_guardrail_rules(p_caller jsonb, p_computed jsonb default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_guardrail_rules');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, coord.read_guardrails(v_call.project_id) || jsonb_build_object('rules', coalesce((
    select jsonb_agg(jsonb_build_object('rule', r.rule, 'category', r.category, 'severity', r.severity,
      'bypass_trust', r.bypass_trust, 'message', r.message, 'advice', r.advice, 'pattern', r.pattern,
      'set_by', r.set_by, 'set_at', r.set_at) order by r.rule)
    from coord.guardrail_rules r where r.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_guardrail_rules to coord_app;
