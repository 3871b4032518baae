-- Removes a stored policy, in the next version of the set. A default policy of its name is in force again.
-- Concurrency: see _store_policies.
create function coord.delete_cedar_policy(
  p_caller jsonb, p_policy text, p_all_projects boolean default false, p_computed jsonb default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_cedar_policy');
  v_project_id integer := case when p_all_projects then 0 else v_call.project_id end;
  v_seen integer := (p_computed ->> 'seen')::integer;
  v_policies jsonb := (coord._current_policies(v_project_id)).policies;
  v_refusal jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_refusal := coord._refuse_policies(v_call, p_caller, p_all_projects, p_computed);
  if v_refusal is not null then return v_refusal; end if;
  if not v_policies ? p_policy then
    return coord._refuse(v_call, 'not_found', 'There is no such stored policy.', 'See list_cedar_policies.');
  end if;
  return coord._leave_policies(v_call, p_all_projects, v_seen, v_policies - p_policy, 'delete ' || p_policy,
    jsonb_build_object('deleted', true, 'policy', p_policy));
end
$$;

grant execute on function coord.delete_cedar_policy to coord_app;
