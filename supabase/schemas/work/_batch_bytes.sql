-- How many bytes of tasks a batch of claims has at most, unless it is one task.
create function coord._batch_bytes() returns integer language sql immutable parallel safe as 'select 1048576';
