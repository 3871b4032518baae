-- Counts subtasks that have ended off their parents, which are locked in id order.
create function coord._count_off_parents(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_parents uuid[] := array(
    select distinct (t.terms).parent_id from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id is not null);
begin
  if v_parents = '{}' then return; end if;
  perform from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_parents)
    order by t.task_id for update;
  update coord.tasks p set terms.open_subtasks = (p.terms).open_subtasks - (
    select count(*) from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id = p.task_id)
  where p.project_id = p_project_id and p.task_id = any (v_parents);
end
$$;
