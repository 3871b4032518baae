-- The calling session's place in the queue for just these paths in this mode; null when it does not wait for them.
create function coord._place_in_queue(p_call coord._call, p_paths text[], p_shared boolean) returns bigint
language plpgsql volatile
as $$
begin
  return (select w.waiter_id from coord.lock_waiters w
    where w.project_id = p_call.project_id and w.session_id = p_call.session_id and w.paths = p_paths
      and w.shared = p_shared limit 1);
end
$$;
