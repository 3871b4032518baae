-- Recomputes the chain of seals from the journal's rows, and says which row is the first that is not as it was. In
-- pages: whoever goes on from next_seal until it is null has looked at all. With a checkpoint, says whether the chain
-- still contains it; a chain that was cut shows only so.
-- What is found is told, not judged: a caller who may not trust this database verifies an export of it elsewhere.
create function coord.verify_audit(p_caller jsonb, p_after_seal integer default 0, p_checkpoint jsonb default null)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'verify_audit');
  v_page record;
  v_bad jsonb;
  v_head coord.seals;
  v_checkpoint text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_after_seal > 0 and (coord._seal_at(v_call.project_id, p_after_seal)).seal_number = 0 then
    return coord._refuse(v_call, 'not_found', 'after_seal: there is no such seal.',
      'Begin with the first one: leave after_seal out.');
  end if;
  v_page := coord._verify_seals(v_call.project_id, p_after_seal, 20000, clock_timestamp() + interval '1 second');
  v_head := coord._last_seal(v_call.project_id);
  v_bad := v_page.bad;
  if p_checkpoint is not null then
    v_checkpoint := coord._find_checkpoint(v_call.project_id, p_checkpoint);
    if v_bad is null and v_checkpoint <> 'contained' then
      v_bad := coord._bad_row('checkpoint_' || v_checkpoint, v_head.seal_number, v_head.last_xact_id, v_head.last_entry_id);
    end if;
  end if;
  return coord._leave(v_call, jsonb_strip_nulls(jsonb_build_object('intact', v_bad is null,
    'verified_rows', v_page.rows, 'verified_seals', v_page.seals, 'dropped_rows', v_page.dropped_rows,
    'first_bad', v_bad, 'checkpoint', v_checkpoint,
    'unsealed_rows', coord._count_unsealed(v_call.project_id, v_head)))
    || jsonb_build_object('next_seal', case when v_page.bad is null and (v_page.last_seal).seal_number < v_head.seal_number
      then (v_page.last_seal).seal_number end));
end
$$;

grant execute on function coord.verify_audit to coord_app;
