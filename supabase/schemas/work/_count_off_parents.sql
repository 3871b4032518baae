-- Counts subtasks that have ended off their parents, which are locked in id order.
create function coord._count_off_parents(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_parents uuid[];
  v_ended integer[];
begin
  select array_agg(n.parent_id), array_agg(n.ended) into v_parents, v_ended
  from (
    select (t.terms).parent_id, count(*)::integer as ended from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and (t.terms).parent_id is not null
    group by 1) n;
  if v_parents is null then return; end if;
  perform from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_parents)
    order by t.task_id for update;
  update coord.tasks p set terms.open_subtasks = (p.terms).open_subtasks - n.ended
  from unnest(v_parents, v_ended) n(task_id, ended)
  where p.project_id = p_project_id and p.task_id = n.task_id;
end
$$;
