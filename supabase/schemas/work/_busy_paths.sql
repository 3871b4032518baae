-- Which locks are in the way of a task's paths, ten of them at most; none when it is a limit.
create function coord._busy_paths(p_call coord._call, p_paths text[]) returns text[]
language plpgsql volatile
as $$
begin
  return array(
    select b.path from coord._blockers(p_call.project_id, p_call.session_id, p_paths, false, p_limit => 10) b limit 10);
end
$$;
