-- Whether some drafts would wait for themselves. A task waits for what it depends on, and for its subtasks. What exists
-- already can lead back to a draft only through its parent, so a circle is one within the batch or goes through a parent
-- that somebody waits for. From the drafts of each such parent every task is visited once.
create function coord._is_circular(
  p_project_id integer, p_drafts coord.tasks[], p_edges coord.task_dependencies[]
) returns boolean
language plpgsql volatile
as $$
declare
  v_parent uuid;
begin
  if coord._is_circular_within(p_drafts, p_edges) then return true; end if;
  for v_parent in
    select t.task_id
    from (select distinct (d.terms).parent_id from unnest(p_drafts) d) p
    join coord.tasks t on t.project_id = p_project_id and t.task_id = p.parent_id
    where (t.terms).parent_id is not null
      or exists (select from coord.task_dependencies o where o.project_id = p_project_id and o.depends_on = t.task_id)
      or exists (select from unnest(p_edges) e where e.depends_on = t.task_id)
  loop
    if coord._waits_for_itself(p_project_id, v_parent, p_drafts, p_edges) then return true; end if;
  end loop;
  return false;
end
$$;
