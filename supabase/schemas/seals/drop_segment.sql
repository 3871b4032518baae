-- Drops the oldest rows of the journal, up to the last one of a seal, after they were exported to a file of that hash.
-- Every row must be older than older_than_days and be what was sealed, which _prove_segment looks at; the seals stay,
-- so the chain goes on. The one way in which rows leave the journal; only for local administrators, because a key,
-- however trusted, may have been stolen by somebody who wants a row to be gone.
-- Concurrency: the key of segments lets one of two calls at once do it; the other finds nothing to drop. Rows that are
-- deleted are old and final: nobody else writes them. The floor is moved first, so readers of events are told.
create function coord.drop_segment(
  p_caller jsonb, p_last_seal integer, p_file_hash text, p_older_than_days integer default 90
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'drop_segment');
  v_first integer;
  v_last coord.seals;
  v_rows integer;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_caller ->> 'key_id' is not null then
    return coord._refuse(v_call, 'forbidden', 'A key drops no rows of the journal.',
      'Run agentcoord audit export --drop on the machine that runs the coordinator.');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('coord.segments', v_call.project_id));
  v_first := coord._dropped_through(v_call.project_id) + 1;
  v_last := coord._seal_at(v_call.project_id, p_last_seal);
  v_call.answer := coord._refuse_segment(v_call, v_first, v_last, p_last_seal, p_older_than_days);
  if v_call.answer is not null then return v_call.answer; end if;
  v_rows := v_last.total_rows - (coord._seal_at(v_call.project_id, v_first - 1)).total_rows;
  perform coord._move_floors();
  insert into coord.segments (project_id, first_seal, last_seal, last_xact_id, last_entry_id, row_count, file_hash, agent,
    session_id)
  values (v_call.project_id, v_first, p_last_seal, v_last.last_xact_id, v_last.last_entry_id, v_rows,
    decode(p_file_hash, 'hex'), v_call.agent, v_call.session_id);
  delete from coord.journal j
  where j.project_id = v_call.project_id and (j.xact_id, j.entry_id) <= (v_last.last_xact_id, v_last.last_entry_id);
  delete from coord.seal_leaves l where l.project_id = v_call.project_id and l.seal_number <= p_last_seal;
  return coord._leave(v_call,
    jsonb_build_object('dropped', true, 'first_seal', v_first, 'last_seal', p_last_seal, 'dropped_rows', v_rows),
    'segment:' || v_first || '-' || p_last_seal, jsonb_build_object('rows', v_rows, 'file_hash', p_file_hash,
      'seal_hash', encode(v_last.seal_hash, 'hex')));
end
$$;

grant execute on function coord.drop_segment to coord_app;
