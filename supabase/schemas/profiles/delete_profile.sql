-- Removes a profile that nobody is assigned. The default one stays.
create function coord.delete_profile(p_caller jsonb, p_profile text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'delete_profile');
begin
  v_call.answer := coalesce(v_call.answer, coord._refuse_administration(v_call));
  if v_call.answer is not null then return v_call.answer; end if;
  perform coord._lock_profiles(v_call.project_id, false);
  if p_profile = 'default' or exists (
    select from coord.profile_assignments a where a.project_id = v_call.project_id and a.profile = p_profile)
  then
    return coord._refuse(v_call, 'conflict', 'This profile is in use.',
      'Assign others first (list_profiles says who has it). The default one can be replaced by set_profile only.',
      '{"reason": "profile_in_use"}');
  end if;
  delete from coord.profiles p where p.project_id = v_call.project_id and p.profile = p_profile;
  if not found then return coord._refuse_unknown_profile(v_call); end if;
  return coord._leave(v_call, jsonb_build_object('deleted', true, 'profile', p_profile), 'profile:' || p_profile);
end
$$;

grant execute on function coord.delete_profile to coord_app;
