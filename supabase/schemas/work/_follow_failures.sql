-- What follows when tasks have failed or were cancelled: dependents that wish so fail too, parents count them off, and
-- whoever a failure is to be escalated to gets a task. The caller has written the tasks before. p_waits: see
-- _cascade.
create function coord._follow_failures(p_project_id integer, p_task_ids uuid[], p_waits boolean) returns void
language plpgsql volatile
as $$
begin
  perform coord._settle_failures(p_project_id, p_task_ids || coord._cascade(p_project_id, p_task_ids, p_waits));
end
$$;
