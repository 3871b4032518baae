-- How many tasks depend on those of these that a session has claimed, together; stops counting at 1,001 for each.
create function coord._count_dependents(p_call coord._call, p_task_ids uuid[]) returns bigint
language plpgsql volatile set enable_seqscan = off
as $$
begin
  return (
    select coalesce(sum(c.dependents), 0) from coord.tasks t cross join lateral (
      select count(*) as dependents from (
        select from coord.task_dependencies d
        where d.project_id = p_call.project_id and d.depends_on = t.task_id
        order by d.depends_on, d.task_id limit 1001) d) c
    where t.project_id = p_call.project_id and t.task_id = any (p_task_ids) and t.status = 'claimed'
      and t.claim_session_id = p_call.session_id);
end
$$;
