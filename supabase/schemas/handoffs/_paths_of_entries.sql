-- The paths that journal rows of a session locked, newest first, and whether it still had them when it ended.
create function coord._paths_of_entries(p_entries coord.journal[]) returns table (path text, is_left boolean)
language sql stable
as $$
  select p.path, p.is_taken from (
    select distinct on (t.path) t.path, t.is_taken, t.xact_id, t.entry_id from (
      select l.lock ->> 'path' as path, true as is_taken, e.xact_id, e.entry_id from unnest(p_entries) e
      cross join jsonb_path_query(e.detail, 'lax $[*]') l(lock)
      where e.operation = 'acquire_lock' and e.outcome = 'ok'
      union all
      select coalesce(r.path, e.resource), false, e.xact_id, e.entry_id from unnest(p_entries) e
      left join jsonb_array_elements_text(e.detail -> 'released_paths') r(path) on true
      where e.operation = 'release_lock' and (e.outcome = 'ok' or r.path is not null)) t
    order by t.path, t.xact_id desc, t.entry_id desc) p
  where p.path is not null
  order by p.xact_id desc, p.entry_id desc;
$$;
