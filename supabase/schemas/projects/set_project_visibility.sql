-- Public: whoever has the publishable key of the Supabase project reads the caller's project, but not what is
-- confidential (policies `readers` that ask for _member_projects). Private: its members alone.
create function coord.set_project_visibility(p_caller jsonb, p_visibility text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'set_project_visibility');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  update coord.projects p set is_public = p_visibility = 'public' where p.project_id = v_call.project_id;
  return coord._leave(v_call, jsonb_build_object('visibility', p_visibility), 'project:' || v_call.project_id,
    jsonb_build_object('visibility', p_visibility));
end
$$;

grant execute on function coord.set_project_visibility to coord_app;
