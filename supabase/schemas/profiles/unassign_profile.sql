-- Takes back the profile of an agent or of a kind of agents; what applies then is in force at once.
create function coord.unassign_profile(p_caller jsonb, p_agent text default null, p_agent_type text default null)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'unassign_profile');
  v_kind text := case when p_agent is not null then 'agent' else 'agent_type' end;
  v_name text := coalesce(p_agent, p_agent_type);
  v_profile text;
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._one_of_both(p_agent, p_agent_type);
  perform coord._lock_profiles(v_call.project_id, false);
  delete from coord.profile_assignments a
  where a.project_id = v_call.project_id and a.kind = v_kind and a.name = v_name returning a.profile into v_profile;
  if not found then
    return coord._refuse(v_call, 'not_found', 'Nothing is assigned to that name.', 'See list_profiles.');
  end if;
  return coord._leave(v_call, jsonb_build_object('profile', v_profile, 'kind', v_kind, 'name', v_name,
    'changed_sessions', coord._apply_profiles(v_call.project_id)),
    'profile:' || v_profile, jsonb_build_object('kind', v_kind, 'name', v_name));
end
$$;

grant execute on function coord.unassign_profile to coord_app;
