-- What a policy engine outside the database needs to decide about a caller: who it is, as the frame would see it, and
-- the stored policies, left out when their versions are p_version. Asked beside the calls, every few seconds of use.
-- Answers a caller whom the frame would not know what the frame would answer.
create function coord.read_policies(p_caller jsonb, p_version jsonb default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_project_id integer := (p_caller ->> 'project_id')::integer;
  v_principal jsonb := coord._principal(p_caller);
  v_all record := coord._current_policies(0);
  v_own record := coord._current_policies(v_project_id);
  v_version jsonb := jsonb_build_object('all', v_all.version, 'own', v_own.version);
begin
  if v_principal is null then
    return coord._unknown_session();
  end if;
  v_principal := v_principal || jsonb_build_object('version', v_version,
    'project', (select p.name from coord.projects p where p.project_id = v_project_id));
  if v_version = p_version then return v_principal; end if;
  return v_principal || jsonb_build_object('policies', coalesce((
    select jsonb_agg(jsonb_build_object('policy', e.key, 'policy_text', e.value, 'all_projects', s.all_projects))
    from (values (v_all.policies, true), (v_own.policies, false)) s(policies, all_projects)
    cross join lateral jsonb_each_text(s.policies) e), '[]'));
end
$$;

grant execute on function coord.read_policies to coord_app;
