-- Whether two texts, in which ? is any character, can be the same as far as the shorter one goes.
create function coord._pieces_agree(p_one text, p_other text) returns boolean
language sql immutable parallel safe
as $$
  select starts_with(p_one, p_other) or starts_with(p_other, p_one) or p_one || p_other ~ '[?]'
    and left(p_one, length(p_other)) ~ coord._piece_regex(left(p_other, length(p_one)));
$$;
