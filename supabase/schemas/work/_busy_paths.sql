-- Which of these paths, that could not be taken together, are why: those that others hold under just this name, or the
-- only one there is. The rest is not known, and is tried again with the next task.
create function coord._busy_paths(p_call coord._call, p_paths text[]) returns text[]
language sql volatile
as $$
  select case when cardinality(p_paths) = 1 then p_paths else array(
    select l.path::text from coord.locks l
    where l.project_id = (p_call).project_id and l.path = any (p_paths) and l.session_id <> (p_call).session_id
      and l.expires_at > clock_timestamp()) end;
$$;
