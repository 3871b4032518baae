-- Whether two lists of paths have a file in common. Equal paths are found without comparing all with all; of others,
-- one has to be a tree or a glob.
create function coord._clash(p_paths text[], p_busy text[]) returns boolean
language sql immutable parallel safe
as $$
  select coalesce(p_paths && p_busy, false) or exists (
    select from unnest(p_paths) p(path) cross join unnest(p_busy) b(path)
    where coord._is_scope(p.path) and coord._overlaps(p.path, b.path)
  ) or exists (
    select from unnest(p_busy) b(path) cross join unnest(p_paths) p(path)
    where coord._is_scope(b.path) and not coord._is_scope(p.path) and coord._overlaps(p.path, b.path));
$$;
