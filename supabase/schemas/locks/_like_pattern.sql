-- A segment with * and ? as a pattern for LIKE. No path contains a backslash.
create function coord._like_pattern(p_segment text) returns text
language sql immutable parallel safe
as $$
  select replace(replace(replace(replace(p_segment, '%', '\%'), '_', '\_'), '*', '%'), '?', '_');
$$;
