-- What the drafts depend on, each once: tasks of the same batch by their key, others by their id; depends_on is null
-- for a text that is neither.
create function coord._draft_dependencies(p_tasks jsonb, p_drafts coord.tasks[]) returns coord.task_dependencies[]
language sql volatile
as $$
  with input as (
    select p_drafts[i.place] as draft, i.task from jsonb_array_elements(p_tasks) with ordinality i(task, place)
  )
  select coalesce(array_agg(distinct row((i.draft).project_id, (i.draft).task_id, coalesce((k.draft).task_id,
      case when d.name ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
        then d.name::uuid end))::coord.task_dependencies), '{}')
  from input i cross join jsonb_array_elements_text(
    case jsonb_typeof(i.task -> 'depends_on') when 'array' then i.task -> 'depends_on' else '[]' end) d(name)
  left join input k on k.task ->> 'key' = d.name;
$$;
