-- Where to begin reading so as to get the newest 20,000 rows of a project's journal between two transactions, or fewer
-- when they are heavy; null when there are no more than these. A range of the primary key: whoever reads on from there
-- reads no more than that.
create function coord._last_entries(p_project_id integer, p_from xid8, p_to xid8) returns xid8
language sql stable
as $$
  select w.xact_id
  from (
    select j.xact_id, j.entry_id, sum(coord._journal_weight(j.detail)) over (
      order by j.xact_id desc, j.entry_id desc rows unbounded preceding) as weight
    from coord.journal j
    where j.project_id = p_project_id and j.xact_id between p_from and p_to
    order by j.xact_id desc, j.entry_id desc) w
  where w.weight > coord._look_bytes()
  order by w.xact_id desc, w.entry_id desc limit 1;
$$;
