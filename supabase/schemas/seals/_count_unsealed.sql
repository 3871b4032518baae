-- How many rows wait for their seal; 1,000 stands for that many or more.
create function coord._count_unsealed(p_project_id integer, p_last coord.seals) returns integer
language sql stable
as $$
  select count(*) from (
    select from coord.journal j
    where j.project_id = p_project_id and (j.xact_id, j.entry_id) > (p_last.last_xact_id, p_last.last_entry_id)
    order by j.xact_id, j.entry_id limit 1000) u;
$$;
