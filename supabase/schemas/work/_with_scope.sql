-- A claim with what plain tasks do not have: the paths that were locked for it, deadline, parent.
create function coord._with_scope(p_call coord._call, p_claim jsonb) returns jsonb
language sql volatile
as $$
  select jsonb_set(p_claim, '{task}', p_claim -> 'task' || jsonb_strip_nulls(jsonb_build_object(
    'paths', to_jsonb((t.terms).paths), 'deadline', (t.terms).deadline, 'parent_id', (t.terms).parent_id)))
  from coord.tasks t
  where t.project_id = (p_call).project_id and t.task_id = (p_claim #>> '{task,task_id}')::uuid;
$$;
