-- How many bytes of rows an answer has at most, about, unless it is one row.
create function coord._page_bytes() returns integer language sql immutable parallel safe as 'select 1000000';
