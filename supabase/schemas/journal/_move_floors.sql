-- Moves the floor of each project to its newest journal row that is older than 30 days.
-- Concurrency: called by the sweeper, one at a time; a floor that is read meanwhile is the old or the new one.
create function coord._move_floors() returns void
language plpgsql volatile
as $$
declare
  v_project_id integer;
  v_kept_from xid8;
begin
  for v_project_id in select p.project_id from coord.projects p order by p.project_id loop
    v_kept_from := coord._xact_at(v_project_id, clock_timestamp() - interval '30 days');
    insert into coord.journal_floors as f (project_id, xact_id, entry_id)
    select j.project_id, j.xact_id, j.entry_id from coord.journal j
    where j.project_id = v_project_id and j.xact_id < v_kept_from
    order by j.xact_id desc, j.entry_id desc limit 1
    on conflict (project_id) do update set xact_id = excluded.xact_id, entry_id = excluded.entry_id,
      moved_at = clock_timestamp()
    where (f.xact_id, f.entry_id) < (excluded.xact_id, excluded.entry_id);
  end loop;
end
$$;
