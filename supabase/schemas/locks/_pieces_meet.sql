-- Whether a segment of one pattern and a segment of another can be the same text; or two characters, when the star is
-- the one of characters.
create function coord._pieces_meet(p_one text, p_other text, p_star text) returns boolean
language sql immutable parallel safe
as $$
  select case
    when p_one = p_other then true
    when p_star = '*' then p_one = '?' or p_other = '?'
    when p_one !~ '[*?]' and p_other !~ '[*?]' then false
    else coord._patterns_meet(string_to_array(p_one, null), string_to_array(p_other, null), '*')
  end;
$$;
