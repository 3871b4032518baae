-- Whether any of some paths overlaps any of others. Files are compared as sets; trees and globs one by one, those of
-- the first with files by a regular expression that is made once.
create function coord._sets_overlap(p_some text[], p_others text[]) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return p_some && p_others
    or exists (select from unnest(p_some) s(path), unnest(p_others) o(path)
      where coord._is_scope(o.path) and coord._overlaps(s.path, o.path))
    or exists (
      select from (
        select coord._literal_prefix(s.path) as prefix, coord._glob_regex(s.path) as regex
        from unnest(p_some) s(path) where coord._is_scope(s.path) offset 0) r
      join unnest(p_others) o(path) on starts_with(o.path, r.prefix) and o.path !~ '^(resource|label):|[*?]|/$'
        and o.path ~ r.regex);
end
$$;
