-- Paths in their one form, each once, in the order in which their rows are locked.
create function coord._normal_paths(p_paths text[]) returns text[]
language sql immutable parallel safe
as $$
  select array(select distinct coord._normal_path(p.path) collate "C" as path from unnest(p_paths) p(path) order by path);
$$;
