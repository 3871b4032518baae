-- Counts tasks that have failed or were cancelled off their parents, and escalates them.
create function coord._settle_failures(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
begin
  perform coord._count_off_parents(p_project_id, p_task_ids);
  perform coord._escalate(p_project_id, p_task_ids);
end
$$;
