-- Who is here, on what, and how the queue stands. Counts stop at 1,000, and what is done is counted among the 1,000
-- newest tasks, so neither a long queue nor a long history makes it slow.
create function coord.get_task_board(p_caller jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_task_board');
begin
  if v_call.answer is not null then return v_call.answer; end if;
  return coord._leave(v_call, coord._board(v_call.project_id));
end
$$;

grant execute on function coord.get_task_board to coord_app;
