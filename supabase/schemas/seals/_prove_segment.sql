-- Lets a segment be written only if its rows are exactly those that were sealed, none of them is of the last 30 days,
-- which readers of events may still ask for, and it follows the last segment. So nobody gets rid of a row that is not
-- proved to be in the chain, not even the owner of these tables. At most 50,000 rows, so that a call has an end.
create function coord._prove_segment() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_previous coord.seals := coord._seal_at(new.project_id, new.first_seal - 1);
  v_last coord.seals := coord._seal_at(new.project_id, new.last_seal);
  v_page record;
begin
  if new.first_seal <> coord._dropped_through(new.project_id) + 1 or new.last_seal < new.first_seal
    or v_last.seal_number = 0 or new.row_count <> v_last.total_rows - v_previous.total_rows or new.row_count > 50000
    or (new.last_xact_id, new.last_entry_id) is distinct from (v_last.last_xact_id, v_last.last_entry_id)
  then
    raise exception 'a segment is whole seals, from the one after the last segment on, and 50,000 rows at most'
      using errcode = 'DNIED', hint = 'Export it with agentcoord audit export --drop.';
  end if;
  v_page := coord._verify_seals(new.project_id, new.first_seal - 1, new.row_count);
  if v_page.bad is not null or (v_page.last_seal).seal_number < new.last_seal then
    raise exception 'a row of the segment is not as it was sealed: %', v_page.bad
      using errcode = 'CNFLT', hint = 'Nothing was dropped. Call verify_audit, and keep a backup.';
  elsif exists (
    select from coord.journal j
    where j.project_id = new.project_id and (j.xact_id, j.entry_id) <= (new.last_xact_id, new.last_entry_id)
      and j.at >= clock_timestamp() - interval '30 days')
  then
    raise exception 'a row of the segment is younger than 30 days'
      using errcode = 'DNIED', hint = 'Readers of events may still ask for it. Export less, or later.';
  end if;
  return new;
end
$$;

create trigger proved before insert on coord.segments
for each row execute function coord._prove_segment();
