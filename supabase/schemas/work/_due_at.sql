-- When something must happen to a task by itself: a scheduled one becomes ready, one past its deadline fails.
create function coord._due_at(p_status text, p_run_after timestamptz, p_deadline timestamptz) returns timestamptz
language sql immutable parallel safe
as $$
  select case p_status when 'scheduled' then least(p_run_after, p_deadline) when 'ready' then p_deadline
    when 'blocked' then p_deadline end;
$$;
