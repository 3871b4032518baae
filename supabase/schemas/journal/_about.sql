-- What a journal row is about, as readers of events name it: task:<id>, session:<id>, and lock:<path> for each path of
-- a call that locks or releases. The row itself names the first path only; the others stand in its detail. The common
-- case, one path, does not look into the detail further than whether there is a second.
create function coord._about(p_operation text, p_resource text, p_detail jsonb) returns text[]
language sql immutable
as $$
  select case
    when p_operation not like '%\_lock' or p_resource like 'session:%' then array[p_resource]
    when p_detail is null or coalesce(p_detail #> '{1}', p_detail #> '{locks,1}', p_detail #> '{released_paths,1}',
      p_detail #> '{freed,1}') is null then array['lock:' || p_resource]
    else array['lock:' || p_resource] || array(
      select distinct 'lock:' || (o.path #>> '{}')
      from unnest(array['$.path', '$.locks[*].path', '$.freed[*].path', '$.released_paths[*]']::jsonpath[]) w("where")
      cross join lateral jsonb_path_query(p_detail, w."where") o(path)
      where o.path #>> '{}' <> p_resource order by 1)
  end;
$$;
