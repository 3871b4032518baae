-- Who may read the caller's project without its API, and whether everybody may.
create function coord.list_project_members(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_project_members');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, (
    select jsonb_build_object('visibility', case when p.is_public then 'public' else 'private' end,
      'members', coalesce((
        select jsonb_agg(jsonb_build_object('user_id', m.user_id, 'added_at', m.added_at, 'added_by', m.added_by)
          order by m.added_at, m.user_id)
        from coord.project_members m where m.project_id = p.project_id), '[]'))
    from coord.projects p where p.project_id = v_call.project_id));
end
$$;

grant execute on function coord.list_project_members to coord_app;
