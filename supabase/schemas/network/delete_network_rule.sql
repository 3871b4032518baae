-- Removes a rule; it counts from the next decision on.
create function coord.delete_network_rule(p_caller jsonb, p_rule text, p_all_projects boolean default false) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_network_rule');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_all_projects and p_caller ->> 'key_id' is not null then return coord._refuse_for_all(v_call); end if;
  delete from coord.network_rules r
  where r.project_id = case when p_all_projects then 0 else v_call.project_id end and r.rule = p_rule;
  if not found then
    return coord._refuse(v_call, 'not_found', 'There is no such rule.', 'See list_network_rules.');
  end if;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'rule', p_rule), 'network_rule:' || p_rule,
    jsonb_build_object('all_projects', p_all_projects));
end
$$;

grant execute on function coord.delete_network_rule to coord_app;
