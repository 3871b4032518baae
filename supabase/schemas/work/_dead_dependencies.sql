-- Why a blocked task will not go on by itself: what it depends on and has failed or was cancelled,
-- ten of them.
create function coord._dead_dependencies(p_project_id integer, p_task_id uuid) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object('task_id', t.task_id, 'title', t.title, 'status', t.status)
    order by t.task_id), '[]')
  from (
    select t.task_id, t.title, t.status from coord.task_dependencies d
    join coord.tasks t on t.project_id = d.project_id and t.task_id = d.depends_on
    where d.project_id = p_project_id and d.task_id = p_task_id and t.status in ('failed', 'cancelled')
    order by t.task_id limit 10) t;
$$;
