-- A page of tasks of a project in the form of list_tasks, which says in which order.
create function coord._list_tasks(
  p_project_id integer, p_status text, p_type text, p_tag text, p_assignee text, p_parent_id uuid, p_limit integer,
  p_before uuid
) returns jsonb
language plpgsql volatile
as $$
declare
  v_found record;
begin
  if p_status in ('ready', 'scheduled') and p_parent_id is null then
    v_found := coord._find_waiting(p_project_id, p_status, p_type, p_tag, p_assignee, p_before, p_limit + 1);
  else
    v_found := coord._find_tasks(p_project_id, p_status, p_type, p_tag, p_assignee, p_parent_id, p_before,
      p_limit + 1);
  end if;
  return jsonb_build_object(
    'tasks', coalesce((
      select jsonb_agg(coord._task_summary(t) order by f.place)
      from unnest(v_found.task_ids[:p_limit]) with ordinality f(task_id, place)
      join coord.tasks t on t.project_id = p_project_id and t.task_id = f.task_id), '[]'),
    'next_before', case when cardinality(v_found.task_ids) > p_limit then v_found.task_ids[p_limit]
      else v_found.looked_to end);
end
$$;
