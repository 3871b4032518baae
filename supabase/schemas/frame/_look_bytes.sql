-- How much of the journal a statement looks through at most, by _journal_weight, unless it is one row.
create function coord._look_bytes() returns integer language sql immutable parallel safe as 'select 4000000';
