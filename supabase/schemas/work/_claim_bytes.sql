-- How much of an answer a claimed task takes, nearly.
create function coord._claim_bytes(p_task coord.tasks) returns integer
language sql stable
as $$
  select octet_length(p_task.title) + coalesce(octet_length(p_task.description), 0)
    + coalesce(octet_length(p_task.input::text), 0) + coalesce(octet_length(p_task.error), 0);
$$;
