-- Removes a rule. What it has approved stays approved.
create function coord.delete_approval_rule(p_caller jsonb, p_rule text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_approval_rule');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  delete from coord.approval_rules r where r.project_id = v_call.project_id and r.rule = p_rule;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such rule.', 'See list_approval_rules.');
  end if;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'rule', p_rule), 'approval_rule:' || p_rule);
end
$$;

grant execute on function coord.delete_approval_rule to coord_app;
