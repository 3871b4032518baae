-- Locks that are held now: those that overlap the given paths, or all of the project; in path order.
create function coord.check_locks(p_caller jsonb, p_paths text[] default null, p_limit integer default 200) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'check_locks');
  v_paths text[];
  v_rows text[];
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_paths is not null then
    v_paths := coord._normal_paths(p_paths);
    if (select count(*) from unnest(v_paths) p(path) where coord._is_glob(p.path)) > 10 then
      return coord._refuse(v_call, 'limit_exceeded', 'paths: 10 globs at most, as an agent may lock',
        'Ask for their folder, such as src/, or several times.', '{"reason": "too_many_scopes"}');
    end if;
    v_rows := coord._overlapping_rows(v_call.project_id, v_paths);
  end if;
  return coord._leave(v_call, coord._list_locks(v_call.project_id, v_call.session_id, v_rows, p_limit));
end
$$;

grant execute on function coord.check_locks to coord_app;
