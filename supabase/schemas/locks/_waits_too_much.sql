-- Whether the agent would wait for more than 2,000 paths, or with more than 200 calls: all that wait are looked at by
-- whoever asks for a lock.
create function coord._waits_too_much(p_call coord._call, p_paths text[]) returns boolean
language plpgsql volatile
as $$
begin
  return (
    select count(*) >= 200 or coalesce(sum(cardinality(w.paths)), 0) + cardinality(p_paths) > 2000
    from coord.lock_waiters w
    join coord.sessions s on s.project_id = w.project_id and s.session_id = w.session_id
    where w.project_id = p_call.project_id and coalesce(s.delegated_from, s.agent) = coord._account(p_call));
end
$$;
