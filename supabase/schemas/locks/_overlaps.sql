-- Whether two paths in normal form have a file in common (or are the same name). Exact. Files and trees are compared
-- here, which the planner inlines; globs by _globs_overlap.
create function coord._overlaps(p_one text, p_other text) returns boolean
language sql immutable parallel safe
as $$
  select case
    when p_one = p_other then true
    when p_one ~ '^(resource|label):' or p_other ~ '^(resource|label):' then false
    when p_one ~ '[*?]' or p_other ~ '[*?]' then coord._globs_overlap(p_one, p_other)
    else (p_one ~ '/$' and (p_one = './' or starts_with(p_other, p_one)))
      or (p_other ~ '/$' and (p_other = './' or starts_with(p_one, p_other)))
  end;
$$;
