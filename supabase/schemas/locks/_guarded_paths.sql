-- Which of the paths, once taken, only _take may take next: those that are shared, a tree or a glob, and those that a
-- tree, a glob or somebody who waits overlaps. For callers of _serialize_locks.
create function coord._guarded_paths(p_project_id integer, p_paths text[], p_shared boolean) returns text[]
language plpgsql volatile
as $$
begin
  return array(
    select p.path from unnest(p_paths) p(path)
    where p_shared or coord._is_scope(p.path)
      or exists (select from coord.lock_scopes c
        where c.project_id = p_project_id and starts_with(p.path, c.prefix) and p.path ~ c.regex)
      or exists (select from coord.lock_waiters w
        where w.project_id = p_project_id and coord._sets_overlap(w.paths, array[p.path])));
end
$$;
