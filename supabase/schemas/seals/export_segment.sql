-- A part of the sealed journal, whole seals with their rows, for a file that can be verified without this database. In
-- pages of 2,000 rows, or eight megabytes, or a little more, from the first seal that was not dropped, or the one after
-- after_seal. With older_than_days only seals of which every row is older than that, which are those that can be
-- dropped.
create function coord.export_segment(
  p_caller jsonb, p_after_seal integer default 0, p_older_than_days integer default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'export_segment');
  v_previous coord.seals;
  v_seal coord.seals;
  v_seals jsonb := '[]';
  v_entries jsonb := '[]';
  v_part jsonb;
  v_is_more boolean := false;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_previous := coord._seal_at(v_call.project_id, greatest(p_after_seal, coord._dropped_through(v_call.project_id)));
  for v_seal in
    select s.* from coord.seals s where s.project_id = v_call.project_id and s.seal_number > v_previous.seal_number
    order by s.seal_number
  loop
    v_is_more := jsonb_array_length(v_entries) >= 2000 or jsonb_array_length(v_seals) >= 500
      or pg_column_size(v_entries) > 8000000;
    exit when v_is_more;
    exit when p_older_than_days is not null and coord._newest_at(v_seal, v_previous) >= clock_timestamp() - make_interval(days => p_older_than_days);
    v_part := coord._exported_entries(v_call.project_id, v_previous.last_xact_id, v_previous.last_entry_id,
      v_seal.last_xact_id, v_seal.last_entry_id);
    v_seals := v_seals || coord._exported_seal(v_seal);
    v_entries := v_entries || v_part;
    v_previous := v_seal;
  end loop;
  return coord._leave(v_call, jsonb_build_object('project_id', v_call.project_id, 'seals', v_seals, 'entries', v_entries,
    'next_seal', case when v_is_more then v_previous.seal_number end));
end
$$;

grant execute on function coord.export_segment to coord_app;
