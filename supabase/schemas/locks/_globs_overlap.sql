-- Whether two paths of which one at least is a glob have a file in common. A file is matched as a regular expression,
-- which Postgres does without backtracking; trees and globs are compared segment by segment.
create function coord._globs_overlap(p_one text, p_other text) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  if not coord._is_scope(p_one) then return p_one ~ coord._glob_regex(p_other); end if;
  if not coord._is_scope(p_other) then return p_other ~ coord._glob_regex(p_one); end if;
  return coord._patterns_meet(coord._glob_segments(p_one), coord._glob_segments(p_other), '**');
end
$$;
