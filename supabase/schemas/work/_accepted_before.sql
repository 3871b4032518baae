-- Which of the reports the calling session has made before, and were accepted: the tasks, and the transactions that
-- did. A task that is done has its last token for ever, and the report of it at the end of its trail.
create function coord._accepted_before(
  p_call coord._call, p_reports jsonb, out task_ids uuid[], out xact_ids xid8[]
)
language sql stable
as $$
  select coalesce(array_agg(t.task_id), '{}'), array_agg(distinct j.xact_id)
  from jsonb_to_recordset(p_reports) r(task_id uuid, claim_token bigint)
  join coord.tasks t on t.project_id = (p_call).project_id and t.task_id = r.task_id
    and t.claim_token = r.claim_token and t.status = 'done'
  join coord.journal j on j.project_id = t.project_id and j.xact_id = t.trail[cardinality(t.trail)]
    and j.session_id = (p_call).session_id and j.operation = 'complete_work' and j.resource = 'task:' || t.task_id
    and j.detail ->> 'status' = 'done';
$$;
