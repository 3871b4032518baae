-- Puts up to 100 tasks into the queue, all or none. They may depend on each other by their keys. See _submit_tasks.
create function coord.submit_work_batch(p_caller jsonb, p_tasks jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'submit_work_batch');
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_answer := coord._submit_tasks(v_call, p_tasks);
  if v_answer ? 'error' then return v_answer; end if;
  return coord._leave(v_call, v_answer);
end
$$;

grant execute on function coord.submit_work_batch to coord_app;
