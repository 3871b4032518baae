-- What it costs to read the detail of a journal row, about, in bytes; told without reading it. A call that locks 256
-- paths leaves tens of kilobytes, and who looks through 20,000 rows would read a gigabyte. Paths are compressed to
-- a quarter, and some to a hundredth. Of small ones 20,000 make up _look_bytes.
-- Stable, as what it calls: else Postgres does not inline it.
create function coord._journal_weight(p_detail jsonb) returns integer
language sql stable parallel safe
as $$
  select case when coord._is_small(p_detail) then 200
    when pg_column_compression(p_detail) is null then pg_column_size(p_detail) else 8 * pg_column_size(p_detail) end;
$$;
