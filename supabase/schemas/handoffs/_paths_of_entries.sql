-- The paths that journal rows of a session locked, newest first, and whether it still had them when it ended: what was
-- released, given back with a task, or forced away it had not.
create function coord._paths_of_entries(p_session_id uuid, p_entries coord.journal[]) returns table (path text, is_left boolean)
language plpgsql stable
as $$
begin
  return query
    select p.path, p.is_taken from (
      select distinct on (t.path) t.* from (
        select k.path, true as is_taken, k.xact_id, k.entry_id from coord._taken_paths(p_entries) k
        union all
        select coalesce(r.path, e.resource), false, e.xact_id, e.entry_id from unnest(p_entries) e
        left join jsonb_array_elements_text(e.detail -> 'released_paths') r(path) on true
        where e.operation = 'release_lock'
        union all
        select f.path, false, e.xact_id, e.entry_id from unnest(p_entries) e
        join coord.tasks d on d.project_id = e.project_id
          and d.task_id = coord._resource_id(e.resource, 'task')
        cross join unnest((d.terms).paths) f(path)
        where e.operation in ('complete_work', 'release_task')
        union all
        select f.path, false, e.xact_id, e.entry_id from unnest(p_entries) e
        cross join jsonb_to_recordset(e.detail -> 'freed') f(path text, session_id uuid)
        where e.operation = 'force_release_lock' and f.session_id = p_session_id) t
      order by t.path, t.xact_id desc, t.entry_id desc) p
    order by p.xact_id desc, p.entry_id desc;
end
$$;
