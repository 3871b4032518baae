-- Paths in their one form, each once, in the order in which their rows are locked. PL/pgSQL keeps its plan, which a
-- function in SQL would make anew in each call.
create function coord._normal_paths(p_paths text[]) returns text[]
language plpgsql immutable parallel safe
as $$
begin
  return array(
    select distinct coord._normal_path(p.path) collate "C" as path from unnest(p_paths) p(path) order by path);
end
$$;
