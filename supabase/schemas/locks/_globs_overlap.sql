-- Whether two paths of which one at least is a glob have a file in common. Most differ before the first wildcard or
-- after the last one. A file is matched as a regular expression, which Postgres does without backtracking; trees and
-- globs are compared segment by segment.
create function coord._globs_overlap(p_one text, p_other text) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  -- Of a tree nothing is known about the end.
  v_one_end text := reverse(substring(p_one from '[^*?/]*$'));
  v_other_end text := reverse(substring(p_other from '[^*?/]*$'));
  v_one text := coord._literal_prefix(p_one);
  v_other text := coord._literal_prefix(p_other);
begin
  if not (starts_with(v_one, v_other) or starts_with(v_other, v_one)) then return false; end if;
  if not (starts_with(v_one_end, v_other_end) or starts_with(v_other_end, v_one_end)) then return false; end if;
  if not coord._is_scope(p_one) then return p_one ~ coord._glob_regex(p_other); end if;
  if not coord._is_scope(p_other) then return p_other ~ coord._glob_regex(p_one); end if;
  return coord._patterns_meet(coord._glob_segments(p_one), coord._glob_segments(p_other));
end
$$;
