-- Removes what the project has set: a rule of its own, or the change of a built-in one, which then weighs what it did.
-- Concurrency: the row of the version is locked first, so two who change rules follow each other.
create function coord.delete_guardrail_rule(p_caller jsonb, p_rule text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_guardrail_rule');
  v_version integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if not exists (select from coord.guardrail_rules r where r.project_id = v_call.project_id and r.rule = p_rule) then
    return coord._refuse(v_call, 'not_found', 'The project has set no such rule.', 'See list_guardrail_rules.');
  end if;
  v_version := coord._next_guardrails_version(v_call.project_id);
  delete from coord.guardrail_rules r where r.project_id = v_call.project_id and r.rule = p_rule;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'rule', p_rule, 'version', v_version),
    'guardrail_rule:' || p_rule, jsonb_build_object('version', v_version));
end
$$;

grant execute on function coord.delete_guardrail_rule to coord_app;
