-- What doctor asks of a database: its clock, whether what it acknowledges survives a crash, what holds vacuum back,
-- when somebody last swept and what waits for it, work that has failed for good, the size of the journal, and for how
-- long its oldest row waits for a seal.
create function coord.database_health() returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'now', clock_timestamp(),
    'server_version', current_setting('server_version'),
    'schema_version', coord.schema_version(),
    'settings', jsonb_build_object(
      'fsync', current_setting('fsync'),
      'full_page_writes', current_setting('full_page_writes'),
      'synchronous_commit', current_setting('synchronous_commit')),
    'oldest_transaction_seconds', coalesce((
      select round(extract(epoch from clock_timestamp() - min(a.xact_start)))
      from pg_catalog.pg_stat_activity a where a.datname = current_database() and a.xact_start is not null
        and a.pid <> pg_backend_pid()), 0),
    'swept_at', (select nullif(p.swept_at, '-infinity') from coord.pulse p),
    'lapsed_sessions', (
      select count(*) from coord.sessions s
      where s.ended_at is null and s.lease_expires_at < clock_timestamp() - interval '30 seconds'),
    'lapsed_claims', (
      select count(*) from coord.projects p
      join coord.tasks t on t.project_id = p.project_id and t.status = 'claimed'
      where t.claim_expires_at < clock_timestamp() - interval '30 seconds'),
    'failed_tasks', (
      select count(*) from (
        select from coord.projects p
        join coord.tasks t on t.project_id = p.project_id and t.status = 'failed' limit 10000) f),
    'journal_bytes', pg_total_relation_size('coord.journal'),
    'unsealed_seconds', coalesce((
      select round(extract(epoch from clock_timestamp() - min(u.at)))
      from coord.projects p
      cross join lateral coord._last_seal(p.project_id) s
      cross join lateral (
        select j.at from coord.journal j
        where j.project_id = p.project_id and (j.xact_id, j.entry_id) > (s.last_xact_id, s.last_entry_id)
        order by j.xact_id, j.entry_id limit 1) u), 0));
end
$$;

grant execute on function coord.database_health to coord_app;
