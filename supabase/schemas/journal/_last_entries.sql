-- Where to begin reading so as to get the newest 20,000 rows of a project's journal between two transactions; null when
-- there are no more than these. A range of the primary key: whoever reads on from there reads no more than that.
create function coord._last_entries(p_project_id integer, p_from xid8, p_to xid8) returns xid8
language sql stable
as $$
  select j.xact_id from coord.journal j
  where j.project_id = p_project_id and j.xact_id between p_from and p_to
  order by j.xact_id desc, j.entry_id desc offset 20000 limit 1;
$$;
