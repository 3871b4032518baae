-- Up to which transaction the journal is complete: rows below it are there for good, and no other will ever come. That
-- is the oldest transaction that is still open and has begun to write; whether it will write a row here is not known.
-- p_closely: those of other databases of the server do not count, because they cannot. Who they are takes a look at
-- all locks, so this is for who has waited already.
-- A statement that reads must begin after this one has ended: what it sees is then as complete as is said here.
create function coord._horizon(p_closely boolean) returns xid8
language plpgsql volatile
as $$
declare
  v_elsewhere xid[];
  v_snapshot pg_snapshot;
  v_horizon xid8;
begin
  if not p_closely then return pg_snapshot_xmin(pg_current_snapshot()); end if;
  -- Before the snapshot, so that one of them that ends now is in neither.
  v_elsewhere := array(
    select l.transactionid from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid = l.pid
    join pg_catalog.pg_database d on d.datname = current_database() and a.datid <> d.oid
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted);
  v_snapshot := pg_current_snapshot();
  select min(x.xact_id::text::bigint)::text::xid8 into v_horizon
  from pg_snapshot_xip(v_snapshot) x(xact_id) where x.xact_id::xid <> all (v_elsewhere);
  -- That of this call is not among those of its own snapshot.
  return least(coalesce(v_horizon, pg_snapshot_xmax(v_snapshot)), pg_current_xact_id_if_assigned());
end
$$;
