-- Takes the caller's project from a Supabase user: his next query shows nothing of it.
create function coord.remove_project_member(p_caller jsonb, p_user_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'remove_project_member');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  delete from coord.project_members m where m.project_id = v_call.project_id and m.user_id = p_user_id;
  if not found then
    return coord._refuse(v_call, 'not_found', 'This user is no member of the project.', 'See list_project_members.');
  end if;
  return coord._leave(v_call, jsonb_build_object('removed', true, 'user_id', p_user_id), 'member:' || p_user_id);
end
$$;

grant execute on function coord.remove_project_member to coord_app;
