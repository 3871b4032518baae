-- The regular expression for the segments without * that can be the same text as this one: a ? in them may become any
-- character, and one here is any character, too. \1 stands for their ? while the others are replaced, and no path
-- contains it; of all characters only ] has its own place among those in brackets.
create function coord._piece_regex(p_segment text) returns text
language sql immutable parallel safe
as $$
  select '^' || replace(replace(replace(replace(regexp_replace(p_segment, '([^*?])', E'[\x01\\1]', 'g'),
    E'[\x01]]', E'[]\x01]'), '?', '.'), '*', '.*'), E'\x01', '?') || '$';
$$;
