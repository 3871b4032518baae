-- Which locks are in the way of a task's paths; the paths themselves when it is none of them, but a limit.
create function coord._busy_paths(p_call coord._call, p_paths text[]) returns text[]
language sql volatile
as $$
  select coalesce(array_agg(b.path), p_paths)
  from coord._blockers((p_call).project_id, (p_call).session_id, p_paths, false) b;
$$;
