-- Claims the next task for the calling session and answers as get_work; null when there is none.
-- Concurrency: the inner query locks one row and skips those that others have locked, so this transaction alone
-- changes it; the token grows with every claim.
create function coord._claim_task(p_call coord._call, p_types text[], p_lease_seconds integer) returns jsonb
language plpgsql volatile
as $$
declare
  v_task_id uuid;
  v_claim jsonb;
begin
  if p_types is not null then
    v_task_id := coord._next_task(p_call.project_id, p_types);
    if v_task_id is null then return null; end if;
  end if;
  update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
    claim_session_id = p_call.session_id, lease_seconds = p_lease_seconds, agent = p_call.agent,
    claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where t.project_id = p_call.project_id and t.task_id = coalesce(v_task_id, (
    select n.task_id from coord.tasks n
    where n.project_id = p_call.project_id and n.status = 'ready'
    order by n.rank, n.task_id limit 1 for update skip locked))
  returning jsonb_build_object('claimed', true, 'claim_token', t.claim_token, 'claim_expires_at', t.claim_expires_at,
    'task', jsonb_build_object('task_id', t.task_id, 'type', t.type, 'title', t.title, 'description', t.description,
      'input', t.input, 'priority', t.priority, 'tags', t.tags, 'attempt', t.attempts,
      'max_attempts', t.max_attempts, 'last_error', t.error)) into v_claim;
  return v_claim;
end
$$;
