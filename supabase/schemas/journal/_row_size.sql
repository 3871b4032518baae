-- About how many characters a journal row has as JSON, at most those of a page. Few are written out to be measured.
create function coord._row_size(p_detail jsonb) returns integer
language sql stable parallel safe
as $$
  select case when coord._is_small(p_detail) then 500 else least(length(p_detail::text), coord._page_bytes()) end;
$$;
