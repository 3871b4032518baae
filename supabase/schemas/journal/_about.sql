-- lock:<path> for each path of a call that locks or releases: the one that its journal row names, then the others,
-- which stand in the detail.
create function coord._about(p_resource text, p_detail jsonb) returns text[]
language sql immutable
as $$
  select array['lock:' || p_resource] || array(
    select distinct 'lock:' || (o.path #>> '{}')
    from unnest(array['$.path', '$.locks[*].path', '$.freed[*].path', '$.released_paths[*]']::jsonpath[]) w("where")
    cross join lateral jsonb_path_query(p_detail, w."where") o(path)
    where o.path #>> '{}' <> p_resource order by 1);
$$;
