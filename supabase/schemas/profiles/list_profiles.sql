-- Profiles of the project, to whom they are assigned, and who is suspended.
create function coord.list_profiles(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_profiles');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object(
    'profiles', coalesce((
      select jsonb_agg(to_jsonb(p) - 'project_id' order by p.profile = 'default' desc, p.profile)
      from coord.profiles p where p.project_id = v_call.project_id), '[]'),
    'assignments', coalesce((
      select jsonb_agg(to_jsonb(a) - 'project_id' order by a.kind, a.name)
      from coord.profile_assignments a where a.project_id = v_call.project_id), '[]'),
    'suspensions', coalesce((
      select jsonb_agg(to_jsonb(s) - 'project_id' order by s.agent)
      from coord.suspensions s where s.project_id = v_call.project_id), '[]')));
end
$$;

grant execute on function coord.list_profiles to coord_app;
