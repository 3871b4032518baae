-- Ends the calling session: its locks are free, its tasks go back without counting as attempts. See _end_sessions.
-- The reason is in its journal row, which get_agent_history shows.
create function coord.end_session(p_caller jsonb, p_reason text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'end_session');
  v_freed record;
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  select coalesce(sum(e.released_locks), 0) as released_locks, coalesce(sum(e.returned_tasks), 0) as returned_tasks
  into v_freed
  from coord._end_sessions(v_call.project_id, array[v_call.session_id], coalesce(p_reason, 'ended'), false) e;
  v_answer := jsonb_build_object('session_id', v_call.session_id,
    'released_locks', v_freed.released_locks, 'returned_tasks', v_freed.returned_tasks);
  return coord._leave(v_call, v_answer, 'session:' || v_call.session_id,
    v_answer || jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;

grant execute on function coord.end_session to coord_app;
