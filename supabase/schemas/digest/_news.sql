-- What the journal has between two snapshots, newest first, from the transaction p_first on; without a first snapshot,
-- that of the last day. Rows of transactions that the older snapshot did not see, although later ones were in it, are
-- in the range, and found by the second condition. Of the caller's own rows only those that say which files are its.
create function coord._news(p_call coord._call, p_first xid8, p_seen pg_snapshot, p_now pg_snapshot)
returns setof coord.journal
language sql stable
as $$
  select j.* from coord.journal j
  where j.project_id = (p_call).project_id and j.xact_id between p_first and pg_snapshot_xmax(p_now)
    and case when p_seen is null then j.at > clock_timestamp() - interval '1 day'
      else not pg_visible_in_snapshot(j.xact_id, p_seen) end
    and pg_visible_in_snapshot(j.xact_id, p_now)
    and (j.session_id is distinct from (p_call).session_id
      or j.operation in ('acquire_lock', 'get_work', 'get_work_batch'))
    and (j.session_id is null or j.outcome = 'ok')
  order by j.xact_id desc, j.entry_id desc limit 20000;
$$;
