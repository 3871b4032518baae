-- The stored policies in force, those of all projects first, and the versions of the project's set, newest first.
create function coord.list_cedar_policies(p_caller jsonb, p_limit integer default 50) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'list_cedar_policies');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, jsonb_build_object('policies', coalesce((
    select jsonb_agg(jsonb_build_object('policy', e.key, 'policy_text', e.value, 'all_projects', s.project_id = 0)
      order by s.project_id, e.key)
    from (values (0), (v_call.project_id)) s(project_id)
    cross join lateral jsonb_each_text((coord._current_policies(s.project_id)).policies) e), '[]'),
    'versions', coalesce((
      select jsonb_agg(jsonb_build_object('version', v.version, 'change', v.change, 'set_by', v.set_by, 'set_at', v.set_at,
        'all_projects', v.project_id = 0) order by v.set_at desc, v.version desc)
      from (
        select c.* from coord.cedar_policies c where c.project_id in (0, v_call.project_id)
        order by c.set_at desc, c.version desc limit p_limit) v), '[]')));
end
$$;

grant execute on function coord.list_cedar_policies to coord_app;
