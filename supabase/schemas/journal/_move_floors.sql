-- Moves the floor of each project to its newest journal row that is older than 30 days. The journal has no index by
-- time, but its time grows with its key (but for transactions that overlap), so the row is found by halving.
-- Concurrency: called by the sweeper, one at a time; a floor that is read meanwhile is the old or the new one.
create function coord._move_floors() returns void
language plpgsql volatile
as $$
declare
  v_project_id integer;
  v_low bigint;
  v_high bigint;
  v_row record;
begin
  for v_project_id in select p.project_id from coord.projects p order by p.project_id loop
    -- Rows below v_low are too old, those from v_high on are not.
    select min(j.xact_id::text::bigint), max(j.xact_id::text::bigint) + 1 into v_low, v_high
    from (
      (select f.xact_id from coord.journal f where f.project_id = v_project_id order by f.xact_id limit 1)
      union all
      (select l.xact_id from coord.journal l where l.project_id = v_project_id order by l.xact_id desc limit 1)) j;
    while v_low < v_high loop
      select m.xact_id::text::bigint as xact_id, m.at into v_row from coord.journal m
      where m.project_id = v_project_id and m.xact_id >= ((v_low + v_high) / 2)::text::xid8
      order by m.xact_id, m.entry_id limit 1;
      if v_row.at < clock_timestamp() - interval '30 days' then v_low := v_row.xact_id + 1;
      else v_high := (v_low + v_high) / 2;
      end if;
    end loop;
    insert into coord.journal_floors as f (project_id, xact_id, entry_id)
    select j.project_id, j.xact_id, j.entry_id from coord.journal j
    where j.project_id = v_project_id and j.xact_id < v_low::text::xid8
    order by j.xact_id desc, j.entry_id desc limit 1
    on conflict (project_id) do update set xact_id = excluded.xact_id, entry_id = excluded.entry_id,
      moved_at = clock_timestamp()
    where (f.xact_id, f.entry_id) < (excluded.xact_id, excluded.entry_id);
  end loop;
end
$$;
