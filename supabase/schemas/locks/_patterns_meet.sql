-- Whether one path is matched by two globs, each given as its segments: ** stands for any number of them. Exact, in
-- time of at most the product of the two lengths, of which a glob has 32 at most:
--   both have **   whatever lies between can be written one after the other, so that the parts before the first and
-- those                  after the last one decide
--   one has        the classic match that goes back to the last ** only
create function coord._patterns_meet(p_one text[], p_other text[]) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  v_pattern text[] := case when '**' = any (p_one) then p_one else p_other end;
  v_fixed text[] := case when '**' = any (p_one) then p_other else p_one end;
  v_ends integer := least(cardinality(p_one), cardinality(p_other));
  v_at integer := 1;
  v_next integer := 1;
  v_star_at integer := 0;
  v_star_next integer;
begin
  if '**' = any (p_one) and '**' = any (p_other) then
    for v_step in 1 .. v_ends loop
      exit when p_one[v_step] = '**' or p_other[v_step] = '**';
      if not coord._pieces_meet(p_one[v_step], p_other[v_step]) then return false; end if;
    end loop;
    for v_step in 0 .. v_ends - 1 loop
      v_at := cardinality(p_one) - v_step;
      v_next := cardinality(p_other) - v_step;
      exit when p_one[v_at] = '**' or p_other[v_next] = '**';
      if not coord._pieces_meet(p_one[v_at], p_other[v_next]) then return false; end if;
    end loop;
    return true;
  end if;
  while v_next <= cardinality(v_fixed) loop
    if v_at <= cardinality(v_pattern) and v_pattern[v_at] = '**' then
      v_star_at := v_at;
      v_star_next := v_next;
      v_at := v_at + 1;
    elsif v_at <= cardinality(v_pattern) and coord._pieces_meet(v_pattern[v_at], v_fixed[v_next]) then
      v_at := v_at + 1;
      v_next := v_next + 1;
    elsif v_star_at > 0 then
      v_at := v_star_at + 1;
      v_star_next := v_star_next + 1;
      v_next := v_star_next;
    else
      return false;
    end if;
  end loop;
  while v_pattern[v_at] = '**' loop v_at := v_at + 1; end loop;
  return v_at > cardinality(v_pattern);
end
$$;
