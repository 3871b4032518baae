-- Why drafts would wait for each other in a circle, or may do so, as a refusal; null when they do not.
create function coord._refuse_circles(p_call coord._call, p_drafts coord.tasks[], p_edges coord.task_dependencies[])
returns jsonb
language plpgsql volatile
as $$
declare
  v_is_circular boolean := coord._is_circular(p_call.project_id, p_drafts, p_edges);
begin
  if v_is_circular is null then
    return coord._refuse(p_call, 'limit_exceeded', 'parent_id: too many tasks would have to be looked at for circles',
      'Submit the task without a parent, or with less to wait for.', '{"reason": "too_many_dependents"}');
  elsif v_is_circular then
    return coord._refuse(p_call, 'conflict', 'depends_on: the tasks would wait for each other in a circle',
      'Leave out one of the dependencies. A parent waits for its subtasks, too.', '{"reason": "circular"}');
  end if;
  return null;
end
$$;
