-- _refuse_circles once more, when the drafts are the last that may become part of the graph: one call of a project at a
-- time. Two at once could each add a half of a circle, none of which is one, with no task in common to wait for.
-- Only drafts below a parent that depend on what exists can close a circle: what waits for nothing that exists leads
-- nowhere, and what has no parent nobody waits for yet.
create function coord._refuse_new_circles(p_call coord._call, p_drafts coord.tasks[], p_edges coord.task_dependencies[])
returns jsonb
language plpgsql volatile
as $$
begin
  if p_edges = '{}' or not exists (select from unnest(p_drafts) d where (d.terms).parent_id is not null) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtext('coord.circles'), p_call.project_id);
  return coord._refuse_circles(p_call, p_drafts, p_edges);
end
$$;
