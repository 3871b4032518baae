-- Puts the policies of an earlier version in force again, as the next version. Core has validated them again, because
-- the schema may have changed since; see set_cedar_policy.
create function coord.rollback_cedar_policies(
  p_caller jsonb, p_version integer, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'rollback_cedar_policies');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_seen integer := (p_computed ->> 'seen')::integer;
  v_policies jsonb := coord._policies_of_version(v_project_id, p_version);
  v_refusal jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_refusal := coord._refuse_policies(v_call, p_caller, p_all_projects, p_computed);
  if v_refusal is not null then return v_refusal; end if;
  if v_policies is null then
    return coord._refuse(v_call, 'not_found', 'There is no such version of the policies.',
      'See list_cedar_policies; the last hundred are kept. 0 is none.');
  end if;
  return coord._leave_policies(v_call, p_all_projects, v_seen, v_policies, 'rollback to ' || p_version,
    jsonb_build_object('rolled_back', true, 'from_version', v_seen));
end
$$;

grant execute on function coord.rollback_cedar_policies to coord_app;
