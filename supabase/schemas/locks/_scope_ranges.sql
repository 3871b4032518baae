-- Where the files of the trees and globs among these paths lie, each range of names once: what lies below a tree of them
-- is left out, so that many trees within each other cost as much as the outermost. regex: which names of the range;
-- null for all.
create function coord._scope_ranges(p_paths text[]) returns table (prefix text, regex text)
language plpgsql immutable parallel safe
as $$
declare
  v_trees text[] := array(
    select distinct coord._literal_prefix(p.path) from unnest(p_paths) p(path)
    where p.path ~ '/$' and not coord._is_glob(p.path));
begin
  return query
    select coord._literal_prefix(p.path),
      case when coord._is_glob(p.path) then coord._glob_regex(p.path) end
    from unnest(p_paths) p(path)
    where coord._is_scope(p.path) and not exists (
      select from unnest(v_trees) t(prefix)
      where starts_with(coord._literal_prefix(p.path), t.prefix)
        and (coord._is_glob(p.path) or t.prefix <> coord._literal_prefix(p.path)));
end
$$;
