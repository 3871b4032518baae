-- The lane of a task: null for a plain one, else who may take it: "~<assignee>", or "?" when it waits for an agent to
-- be assigned to, then type and capabilities, and "/" at the end when it has paths. Types and capabilities begin with a
-- letter or digit, so the kinds stand apart.
create function coord._lane(p_task coord.tasks) returns text
language sql immutable parallel safe
as $$
  select case
    when p_task.type = 'task' and coalesce((p_task.terms).capabilities, '{}') = '{}'
      and (p_task.terms).assignee is null and (p_task.terms).auto_assign is not true
      and (p_task.terms).paths is null and (p_task.terms).deadline is null and (p_task.terms).parent_id is null then null
    else case when (p_task.terms).assignee is not null then '~' || (p_task.terms).assignee || E'\t'
      when (p_task.terms).auto_assign then '?' else '' end
      || p_task.type || ' ' || coalesce(array_to_string((p_task.terms).capabilities, ' '), '')
      || case when (p_task.terms).paths is not null then ' /' else '' end
  end;
$$;
