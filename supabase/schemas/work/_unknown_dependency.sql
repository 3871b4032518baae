-- A dependency that names neither a task of the project nor one of the batch; null when there is none.
create function coord._unknown_dependency(p_project_id integer, p_tasks jsonb, p_drafts coord.tasks[]) returns text
language sql volatile
as $$
  with names as materialized (
    select distinct d.name
    from jsonb_array_elements(p_tasks) i(task)
    cross join jsonb_array_elements_text(
      case jsonb_typeof(i.task -> 'depends_on') when 'array' then i.task -> 'depends_on' else '[]' end) d(name)
  ), keys as materialized (
    select k.task ->> 'key' as name from jsonb_array_elements(p_tasks) k(task)
  )
  select n.name from names n
  where not exists (select from keys k where k.name = n.name)
    and not exists (
      select from coord.tasks t where t.project_id = p_project_id
        and t.task_id = case when n.name ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then n.name::uuid end)
  limit 1;
$$;
