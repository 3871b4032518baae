-- Lets one call at a time decide about the locks of a project, until its transaction ends, and tidies what such calls
-- read: waiters that are gone, and trees and globs that nobody holds any more. Comes first in each of them, before they
-- lock a row. The exception is p_path: a fast UPDATE that waited for its row and was refused has locked it, and whoever
-- has the advisory lock may be waiting for that row. So such a caller waits 50 ms only; then it fails with 55P03, which
-- core repeats, and finds the row taken or guarded next time.
create function coord._serialize_locks(p_project_id integer, p_path text default null) returns void
language plpgsql volatile
as $$
declare
  v_timeout text := current_setting('lock_timeout');
begin
  perform coord._resume();
  perform from coord.locks l
  where l.project_id = p_project_id and l.path = p_path and l.xmax = pg_current_xact_id_if_assigned()::xid;
  if found then
    perform set_config('lock_timeout', '50ms', true);
    perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
    perform set_config('lock_timeout', v_timeout, true);
  else
    perform pg_advisory_xact_lock(hashtext('coord.locks'), p_project_id);
  end if;
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
