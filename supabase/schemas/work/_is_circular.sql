-- Whether some drafts would wait for themselves; null when that takes too long to find out. A task waits for what it
-- depends on, and for its subtasks. What exists already can lead back to a draft only through its parent, so a circle
-- is one within the batch or goes through a parent that somebody waits for. One walk from the drafts of all such
-- parents mostly finds none of them; those that it finds may be of others in the batch, and are looked at one by one,
-- ten at most.
create function coord._is_circular(
  p_project_id integer, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns boolean
language plpgsql volatile
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '300 ms';
  v_parent uuid;
  v_parents uuid[];
  v_met uuid[];
begin
  if coord._is_circular_within(p_drafts, p_edges) then return true; end if;
  v_parents := array(
    select t.task_id
    from (select distinct (d.terms).parent_id from unnest(p_drafts) d) p
    join coord.tasks t on t.project_id = p_project_id and t.task_id = p.parent_id
    where (t.terms).parent_id is not null
      or exists (select from coord.task_dependencies o where o.project_id = p_project_id and o.depends_on = t.task_id)
      or exists (select from unnest(p_edges) e where e.depends_on = t.task_id));
  if v_parents = '{}' then return false; end if;
  v_parents := coord._waits_for_itself(p_project_id, v_parents, p_drafts, p_edges, v_until);
  if v_parents is null or cardinality(v_parents) > 10 then return null; end if;
  foreach v_parent in array v_parents loop
    v_met := coord._waits_for_itself(p_project_id, array[v_parent], p_drafts, p_edges, v_until);
    if v_met is null then return null; end if;
    if v_met <> '{}' then return true; end if;
  end loop;
  return false;
end
$$;
