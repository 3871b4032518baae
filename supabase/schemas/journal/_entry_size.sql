-- About how many characters a journal row has as JSON, for pages that must not grow too large: a call that locks 256 long
-- paths leaves a quarter of a megabyte. What is small in its row is small, so few are written out to be measured.
create function coord._entry_size(p_detail jsonb) returns integer
language sql immutable parallel safe
as $$
  select case when pg_column_size(p_detail) > 500 then length(p_detail::text) else 500 end;
$$;
