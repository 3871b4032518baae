-- Makes a task of type escalation for each of these that has failed and names somebody to escalate to.
-- Its own failure escalates to nobody, so this ends. It is in the name of who submitted the failed task; what went wrong
-- are the words of who worked on it last, in short, and so says who that was.
create function coord._escalate(p_project_id integer, p_task_ids uuid[]) returns void
language plpgsql volatile
as $$
declare
  v_failed coord.tasks;
  v_task coord.tasks;
begin
  for v_failed in
    select t.* from coord.tasks t
    where t.project_id = p_project_id and t.task_id = any (p_task_ids) and t.status = 'failed'
      and (t.terms).escalate_to is not null
    order by t.task_id
  loop
    v_task := coord._blank_task(p_project_id, v_failed.submitted_by);
    v_task.type := 'escalation';
    v_task.title := left('Failed: ' || v_failed.title, 200);
    v_task.input := jsonb_strip_nulls(jsonb_build_object('task_id', v_failed.task_id,
      'error', left(v_failed.error, 500), 'failed_by', v_failed.agent));
    v_task.terms.assignee := (v_failed.terms).escalate_to;
    v_task.priority := 1;
    v_task.rank := v_task.created_at + interval '1 hour';
    v_task.lane := coord._lane(v_task);
    insert into coord.tasks select v_task.*;
    perform coord._tell_assignee(v_task, 'escalation');
    perform coord._journal(p_project_id, 'sweep', 'task:' || v_task.task_id, 'escalated', v_task.input);
  end loop;
end
$$;
