-- Counts a finished task off its dependents; how many of them became ready.
create function coord._unblock_dependents(p_project_id integer, p_task_id uuid) returns integer
language plpgsql volatile
as $$
declare
  v_dependents uuid[];
  v_unblocked integer;
begin
  v_dependents := array(
    select d.task_id from coord.task_dependencies d where d.project_id = p_project_id and d.depends_on = p_task_id);
  if cardinality(v_dependents) = 0 then return 0; end if;
  perform from coord.tasks t where t.project_id = p_project_id and t.task_id = any (v_dependents)
  order by t.task_id for update;
  with counted as (
    update coord.tasks t
    set unmet = t.unmet - 1, status = case when t.unmet = 1 then 'ready' else t.status end
    where t.project_id = p_project_id and t.task_id = any (v_dependents) and t.status = 'blocked'
    returning t.status
  )
  select count(*) into v_unblocked from counted c where c.status = 'ready';
  return v_unblocked;
end
$$;
