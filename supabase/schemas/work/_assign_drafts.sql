-- Completes drafts that were found good: whether they are blocked, who gets those to be assigned automatically and
-- is told so, lane.
-- The caller has locked what they depend on.
create function coord._assign_drafts(p_drafts coord.tasks[], p_edges coord.task_dependencies[]) returns coord.tasks[]
language plpgsql volatile
as $$
declare
  v_task coord.tasks;
  v_assigned text[] := '{}';
  -- Of all drafts at once: 100 may have 100 dependencies each.
  v_unmet jsonb := (
    select jsonb_object_agg(u.task_id, u.unmet) from (
      select e.task_id, count(*) as unmet
      from unnest(p_edges) e left join coord.tasks t on t.project_id = e.project_id and t.task_id = e.depends_on
      where t.status is distinct from 'done' group by 1) u);
  v_drafts coord.tasks[] := '{}';
begin
  foreach v_task in array p_drafts loop
    v_task.unmet := coalesce((v_unmet ->> v_task.task_id::text)::integer, 0);
    v_task.status := case when v_task.unmet > 0 then 'blocked'
      when (v_task.terms).run_after > clock_timestamp() then 'scheduled' else 'ready' end;
    v_task.due_at := coord._due_at(v_task.status, (v_task.terms).run_after, (v_task.terms).deadline);
    if (v_task.terms).auto_assign then
      v_task.terms.assignee := coord._auto_assignee(v_task, v_assigned);
      v_assigned := v_assigned || (v_task.terms).assignee;
    end if;
    v_task.lane := coord._lane(v_task);
    if (v_task.terms).assignee is not null then perform coord._tell_assignee(v_task); end if;
    v_drafts := array_append(v_drafts, v_task);
  end loop;
  return v_drafts;
end
$$;
