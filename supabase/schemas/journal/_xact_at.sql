-- The first transaction of a project's journal that has a row as late as that; null when the journal is empty, the one
-- after the last when all rows are earlier. The journal has no index by time, but its time grows with its key (but for
-- transactions that overlap, which last seconds), so it is found by halving.
create function coord._xact_at(p_project_id integer, p_at timestamptz) returns xid8
language plpgsql stable
as $$
declare
  -- Rows below v_low are earlier, those from v_high on are not.
  v_low bigint;
  v_high bigint;
  v_row record;
begin
  select min(j.xact_id::text::bigint), max(j.xact_id::text::bigint) + 1 into v_low, v_high
  from (
    (select f.xact_id from coord.journal f where f.project_id = p_project_id order by f.xact_id limit 1)
    union all
    (select l.xact_id from coord.journal l where l.project_id = p_project_id order by l.xact_id desc limit 1)) j;
  while v_low < v_high loop
    select m.xact_id::text::bigint as xact_id, m.at into v_row from coord.journal m
    where m.project_id = p_project_id and m.xact_id >= ((v_low + v_high) / 2)::text::xid8
    order by m.xact_id, m.entry_id limit 1;
    if v_row.at < p_at then v_low := v_row.xact_id + 1;
    else v_high := (v_low + v_high) / 2;
    end if;
  end loop;
  return v_low::text::xid8;
end
$$;
