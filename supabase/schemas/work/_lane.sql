-- The lane of a task: null for a plain one, else who may take it: "~<assignee>", or "?" when it waits for an agent to
-- be assigned to, then type and capabilities. Types begin with a letter or digit, so the three kinds stand apart.
create function coord._lane(p_task coord.tasks) returns text
language sql immutable parallel safe
as $$
  select case
    when p_task.type = 'task' and p_task.capabilities = '{}' and p_task.assignee is null and not p_task.auto_assign
      and p_task.paths is null and p_task.deadline is null then null
    else case when p_task.assignee is not null then '~' || p_task.assignee || E'\t' when p_task.auto_assign then '?' else '' end
      || p_task.type || ' ' || array_to_string(p_task.capabilities, ' ')
  end;
$$;
