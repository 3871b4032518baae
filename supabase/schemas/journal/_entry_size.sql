-- About how many characters a journal row has as JSON, at most a million, for pages that must not grow too large: a call
-- that locks 256 long paths leaves a quarter of a megabyte. What is small in its row is small, so few are written out to
-- be measured. Stable, as the text of jsonb is: else Postgres does not inline it.
create function coord._entry_size(p_detail jsonb) returns integer
language sql stable parallel safe
as $$
  select case when pg_column_size(p_detail) > 500 then least(length(p_detail::text), 1000000) else 500 end;
$$;
