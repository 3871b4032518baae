-- Lets one call at a time decide about the locks of a project, until its transaction ends. Comes first in each of them,
-- before they lock a row. The exception is p_path: a fast UPDATE that somebody forestalled in the very instant may have
-- locked its row all the same, and whoever has the advisory lock may be waiting for that row. Such a caller waits 50 ms
-- only; then it fails with 55P03, which core repeats, and finds the row taken or guarded next time.
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
  if exists (select from coord.lock_waiters w where w.project_id = p_project_id)
    or exists (select from coord.lock_scopes c where c.project_id = p_project_id)
  then
    perform coord._tidy_locks(p_project_id);
  end if;
end
$$;
