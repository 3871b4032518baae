-- Closes acquire_lock when something is in the way and the caller does not wait, or not any longer.
create function coord._refuse_lock(p_call coord._call, p_paths text[], p_shared boolean) returns jsonb
language plpgsql volatile
as $$
declare
  v_waiter_id bigint := coord._place_in_queue(p_call, p_paths, p_shared);
  v_answer jsonb := coord._held_answer(p_call, p_paths, p_shared, v_waiter_id);
begin
  if v_waiter_id is not null then
    delete from coord.lock_waiters w where w.project_id = p_call.project_id and w.waiter_id = v_waiter_id;
  end if;
  return coord._leave(p_call, v_answer, coalesce(v_answer #>> '{blocked_by,0,path}', p_paths[1]),
    v_answer -> 'blocked_by', 'held');
end
$$;
