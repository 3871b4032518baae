-- The claims that the calling session made in these transactions and still has. One that has lapsed and was claimed anew
-- has another transaction at the end of its trail: another call has handed it out.
create function coord._claims_made(p_call coord._call, p_xact_ids xid8[]) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(coord._claim_of(t) order by t.rank, t.task_id), '[]')
  from coord.tasks t
  where t.project_id = (p_call).project_id and t.status = 'claimed' and t.claim_session_id = (p_call).session_id
    and t.claim_expires_at > clock_timestamp() and t.trail[cardinality(t.trail)] = any (p_xact_ids)
    and t.task_id = any (array(
      select substr(j.resource, length('task:') + 1)::uuid from coord.journal j
      where j.project_id = (p_call).project_id and j.xact_id = any (p_xact_ids)
        and j.session_id = (p_call).session_id and j.operation in ('get_work', 'get_work_batch')));
$$;
