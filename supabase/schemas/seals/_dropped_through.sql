-- The number of the last seal whose rows were exported and dropped; 0 when there is none.
create function coord._dropped_through(p_project_id integer) returns integer
language sql stable
as $$
  select coalesce((
    select g.last_seal from coord.segments g where g.project_id = p_project_id order by g.last_seal desc limit 1), 0);
$$;
