-- Tidies what callers of _serialize_locks read: waiters that are gone, and trees and globs that nobody holds any more.
create function coord._tidy_locks(p_project_id integer) returns void
language plpgsql volatile
as $$
begin
  delete from coord.lock_waiters w
  where w.project_id = p_project_id and w.waiter_id in (
    select o.waiter_id from coord.lock_waiters o
    where o.project_id = p_project_id
      and (o.asked_at <= clock_timestamp() - interval '5 seconds' or coord._is_dead(p_project_id, o.session_id))
    for update skip locked);
  delete from coord.lock_scopes c
  where c.project_id = p_project_id
    and not exists (select from coord.locks l
      where l.project_id = p_project_id and l.path = c.path and l.session_id is not null)
    and not exists (select from coord.lock_shares s where s.project_id = p_project_id and s.path = c.path);
end
$$;
