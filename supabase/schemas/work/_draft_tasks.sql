-- Rows for tasks as they were submitted, in their order: ids, normal paths, ranks; not yet written, and not yet
-- checked. Only the fields that a submitter may set are taken over.
create function coord._draft_tasks(p_call coord._call, p_tasks jsonb) returns coord.tasks[]
language plpgsql volatile
as $$
declare
  v_input jsonb;
  v_task coord.tasks;
  v_drafts coord.tasks[] := '{}';
begin
  for v_input in select i.task from jsonb_array_elements(p_tasks) with ordinality i(task, place) order by i.place loop
    v_task := jsonb_populate_record(coord._blank_task(p_call.project_id, p_call.agent), (
      select jsonb_object_agg(f.key, f.value) from jsonb_each(v_input) f
      where f.value <> 'null' and f.key = any ('{title,description,type,input,priority,tags,max_attempts}')));
    v_task.terms := jsonb_populate_record(null::coord.task_terms, (
      select jsonb_object_agg(f.key, f.value) from jsonb_each(v_input) f
      where f.value <> 'null' and f.key = any (array['capabilities', 'paths', 'assignee', 'run_after', 'deadline',
        'retry', 'retry_seconds', 'escalate_to', 'parent_id', 'on_dependency_failure'])));
    v_task.terms.capabilities := array(select distinct c collate "C" from unnest((v_task.terms).capabilities) c
      order by 1);
    v_task.terms.paths := nullif(coord._normal_paths((v_task.terms).paths), '{}');
    v_task.terms.auto_assign := (v_task.terms).assignee is not distinct from 'auto';
    v_task.rank := clock_timestamp() + v_task.priority * interval '1 hour';
    v_drafts := array_append(v_drafts, v_task);
  end loop;
  return v_drafts;
end
$$;
