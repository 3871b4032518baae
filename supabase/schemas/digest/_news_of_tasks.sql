-- Tasks among the news: 10 assigned to the caller's agent, 20 submitted by it and ended, 60 failed, 70 done.
create function coord._news_of_tasks(p_call coord._call, p_entries coord.journal[])
returns table (kind integer, nth bigint, line text)
language plpgsql stable
as $$
begin
  return query
    select n.kind, row_number() over (partition by n.kind order by n.entry_id desc), n.line
    from (
      select e.entry_id,
        case when t.finished_at is null then 10 when t.submitted_by = p_call.agent then 20
          when t.status = 'done' then 70 else 60 end as kind,
        case
          when t.finished_at is null then format('"%s" is assigned to you: get_work hands it out.', left(t.title, 100))
          when t.status = 'done' then format('%s finished %s"%s" (task:%s).', t.agent,
            case when t.submitted_by = p_call.agent then 'your task ' end, left(t.title, 100), t.task_id)
          else format('%s "%s" %s%s (task:%s).', case when t.submitted_by = p_call.agent then 'Your task' else 'Task' end,
            left(t.title, 100), case t.status when 'failed' then 'failed' else 'was cancelled' end,
            ': ' || left(t.error, 100), t.task_id)
        end as line
      from (
        select coord._resource_id(r.resource, 'task') as task_id, max(r.entry_id) as entry_id from unnest(p_entries) r
        where coord._resource_id(r.resource, 'task') is not null and r.session_id is distinct from p_call.session_id
          and r.operation not in ('get_work', 'get_work_batch', 'report_progress')
        group by 1) e
      join coord.tasks t on t.project_id = p_call.project_id and t.task_id = e.task_id
      where t.finished_at is not null or (t.status = 'ready' and (t.terms).assignee = p_call.agent)) n;
end
$$;
