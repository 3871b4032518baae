-- Whether a segment of one pattern and a segment of another can be the same text; or two characters, when the star is
-- the one of characters. What is common (a name and a pattern, two patterns with stars) is decided by the text as a
-- whole, the rest character by character.
create function coord._pieces_meet(p_one text, p_other text, p_star text) returns boolean
language sql immutable parallel safe
as $$
  select case
    when p_one = p_other or p_one = '*' or p_other = '*' then true
    when p_star = '*' then p_one = '?' or p_other = '?'
    when p_one !~ '[*?]' then p_one like coord._like_pattern(p_other)
    when p_other !~ '[*?]' then p_other like coord._like_pattern(p_one)
    when p_one ~ '^[^?]*\*[^?]*$' and p_other ~ '^[^?]*\*[^?]*$' then
      (starts_with(split_part(p_one, '*', 1), split_part(p_other, '*', 1))
        or starts_with(split_part(p_other, '*', 1), split_part(p_one, '*', 1)))
      and (starts_with(reverse(split_part(p_one, '*', -1)), reverse(split_part(p_other, '*', -1)))
        or starts_with(reverse(split_part(p_other, '*', -1)), reverse(split_part(p_one, '*', -1))))
    else coord._patterns_meet(string_to_array(p_one, null), string_to_array(p_other, null), '*')
  end;
$$;
