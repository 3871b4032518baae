-- Whether a segment of one pattern and a segment of another can be the same text. A name and a pattern are compared by
-- LIKE. Of two with stars only what stands before the first and after the last one decides: whatever lies between can
-- be written one after the other. One without is text for the other's regular expression. Postgres matches both without
-- backtracking, and a hundred times as fast as PL/pgSQL could, character by character.
create function coord._pieces_meet(p_one text, p_other text) returns boolean
language sql immutable parallel safe
as $$
  select case
    when p_one = p_other or p_one = '*' or p_other = '*' then true
    when p_one !~ '[*?]' then p_one like coord._like_pattern(p_other)
    when p_other !~ '[*?]' then p_other like coord._like_pattern(p_one)
    when p_one !~ '[*]' then p_one ~ coord._piece_regex(p_other)
    when p_other !~ '[*]' then p_other ~ coord._piece_regex(p_one)
    else coord._pieces_agree(split_part(p_one, '*', 1), split_part(p_other, '*', 1))
      and coord._pieces_agree(reverse(split_part(p_one, '*', -1)), reverse(split_part(p_other, '*', -1)))
  end;
$$;
