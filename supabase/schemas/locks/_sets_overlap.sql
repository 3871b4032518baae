-- Whether any of some paths overlaps any of others. Files are compared as sets; only trees and globs one by one.
create function coord._sets_overlap(p_some text[], p_others text[]) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return p_some && p_others
    or exists (select from unnest(p_some) s(path), unnest(p_others) o(path)
      where coord._is_scope(o.path) and coord._overlaps(s.path, o.path))
    or exists (select from unnest(p_some) s(path), unnest(p_others) o(path)
      where coord._is_scope(s.path) and not coord._is_scope(o.path) and coord._overlaps(s.path, o.path));
end
$$;
