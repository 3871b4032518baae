-- The tasks that are to fail with those that have failed, in id order: blocked ones that depend on them, however far, and
-- wish so. At most 500 with p_failed_before, which have failed with them already; p_spared and what only these lead to
-- are left out.
create function coord._doomed(
  p_project_id integer, p_failed uuid[], p_failed_before uuid[] default '{}', p_spared uuid[] default '{}'
) returns uuid[]
language plpgsql stable
as $$
begin
  return array(
    with recursive doomed (task_id) as (
      select e.task_id from unnest(p_failed || p_failed_before) e(task_id)
      union
      select t.task_id from doomed c
      join coord.task_dependencies d on d.project_id = p_project_id and d.depends_on = c.task_id
      join coord.tasks t on t.project_id = p_project_id and t.task_id = d.task_id
      where t.status = 'blocked' and (t.terms).on_dependency_failure = 'cascade'
        and t.task_id <> all (p_spared)
    ), chosen as (
      select c.task_id from doomed c where c.task_id <> all (p_failed || p_failed_before)
      limit 500 - cardinality(p_failed_before)
    )
    select s.task_id from chosen s order by 1);
end
$$;
