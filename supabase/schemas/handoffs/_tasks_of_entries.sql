-- The tasks that journal rows of a session are about, as lines for people: what came of each, and the last note on it.
create function coord._tasks_of_entries(p_project_id integer, p_entries coord.journal[])
returns table (is_done boolean, line text)
language sql stable
as $$
  with entries as (
    select e.*, row_number() over (partition by e.resource order by e.xact_id desc, e.entry_id desc) as nth
    from unnest(p_entries) e
    where coord._resource_id(e.resource, 'task') is not null and (e.session_id is null
      or e.operation in ('get_work', 'get_work_batch', 'report_progress', 'complete_work', 'release_task'))
  )
  select l.is_done, left(l.line, 300) from (
    select e.operation = 'complete_work' and e.detail ->> 'status' = 'done' as is_done, concat(t.title, ' (', e.resource,
      ')', ': ' || nullif(concat_ws('; ',
        case when e.operation = 'complete_work' and e.detail ->> 'status' <> 'done'
          then 'attempt failed: ' || coalesce(e.detail ->> 'error', 'no reason given') end,
        (select n.detail ->> 'note' from entries n where n.resource = e.resource and n.operation = 'report_progress'
          order by n.nth limit 1)), '')) as line,
      e.xact_id, e.entry_id
    from entries e
    join coord.tasks t on t.project_id = p_project_id and t.task_id = coord._resource_id(e.resource, 'task')
    where e.nth = 1) l
  order by l.xact_id desc, l.entry_id desc;
$$;
