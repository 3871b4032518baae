-- Lets a Supabase user read the caller's project in dashboards, from the next query on. Adding twice changes nothing.
-- Concurrency: the primary key decides between two who add at once; one of them is told that it was there already.
create function coord.add_project_member(p_caller jsonb, p_user_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'add_project_member');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  insert into coord.project_members (project_id, user_id, added_by)
  values (v_call.project_id, p_user_id, v_call.agent) on conflict (project_id, user_id) do nothing;
  return coord._leave(v_call, jsonb_build_object('user_id', p_user_id, 'added', found),
    case when found then 'member:' || p_user_id end);
end
$$;

grant execute on function coord.add_project_member to coord_app;
