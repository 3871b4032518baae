-- submit_work of a task that is not plain; a refusal speaks of its fields, not of a list of tasks.
create function coord._submit_task(p_call coord._call, p_task jsonb) returns jsonb
language plpgsql volatile
as $$
declare
  v_answer jsonb := coord._submit_tasks(p_call, jsonb_build_array(p_task));
begin
  if v_answer ? 'error' then return v_answer; end if;
  return coord._leave(p_call, v_answer #> '{tasks,0}');
end
$$;
