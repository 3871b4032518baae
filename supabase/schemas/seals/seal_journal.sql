-- Seals what the journals of all projects have gained, p_most rows or a little more, those first that were not sealed
-- for longest; more says that there is more. Called by whoever sweeps, after each sweep. Idempotent: a seal is there
-- whole or not at all, and the next call goes on after the last one. One at a time under an advisory lock. Plans go by
-- the key, whatever is known of a journal's size. A transaction that stays open keeps all later rows of its database
-- unsealed; after ten seconds those of other databases are told apart (see _horizon). Ends after a second, because rows
-- may be heavy.
create function coord.seal_journal(p_most integer default 5000) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_horizon xid8 := coord._horizon(false);
  v_enough timestamptz := clock_timestamp() + interval '1 second';
  v_is_close boolean := false;
  v_project_id integer;
  v_batch integer;
  v_sealed integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('coord.seal_journal', 0)) then
    return '{"sealed_rows": 0, "more": false}';
  end if;
  for v_project_id in
    select p.project_id from coord.projects p
    cross join lateral coord._last_seal(p.project_id) s
    cross join lateral (
      select from coord.journal j
      where j.project_id = p.project_id and (j.xact_id, j.entry_id) > (s.last_xact_id, s.last_entry_id) limit 1) unsealed
    order by s.sealed_at nulls first
  loop
    exit when v_sealed >= p_most or clock_timestamp() > v_enough;
    if not v_is_close and coord._event_delay(v_project_id, v_horizon) >= 10 then
      v_is_close := true;
      v_horizon := coord._horizon(true);
    end if;
    loop
      exit when v_sealed >= p_most or clock_timestamp() > v_enough;
      v_batch := coord._seal_rows(v_project_id, v_horizon);
      v_sealed := v_sealed + v_batch;
      exit when v_batch = 0;
    end loop;
  end loop;
  return jsonb_build_object('sealed_rows', v_sealed, 'more', v_sealed >= p_most or clock_timestamp() > v_enough);
end
$$;

grant execute on function coord.seal_journal to coord_app;
