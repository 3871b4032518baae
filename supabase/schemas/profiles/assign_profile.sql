-- Gives an agent, or all agents of a kind, a profile; living sessions have it at once.
create function coord.assign_profile(
  p_caller jsonb, p_profile text, p_agent text default null, p_agent_type text default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'assign_profile');
  v_kind text := case when p_agent is not null then 'agent' else 'agent_type' end;
  v_name text := coalesce(p_agent, p_agent_type);
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._one_of_both(p_agent, p_agent_type);
  perform coord._lock_profiles(v_call.project_id, false);
  perform from coord.profiles p where p.project_id = v_call.project_id and p.profile = p_profile;
  if not found then return coord._refuse_unknown_profile(v_call); end if;
  insert into coord.profile_assignments (project_id, kind, name, profile, assigned_by)
  values (v_call.project_id, v_kind, v_name, p_profile, v_call.agent)
  on conflict (project_id, kind, name) do update
    set profile = excluded.profile, assigned_by = excluded.assigned_by, assigned_at = clock_timestamp();
  return coord._leave(v_call, jsonb_build_object('profile', p_profile, 'kind', v_kind, 'name', v_name,
    'changed_sessions', coord._apply_profiles(v_call.project_id)),
    'profile:' || p_profile, jsonb_build_object('kind', v_kind, 'name', v_name));
end
$$;

grant execute on function coord.assign_profile to coord_app;
