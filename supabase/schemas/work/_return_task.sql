-- Takes a claim away from whoever had it: back to the queue, or failed when its attempts are used up.
-- The caller has locked the row and knows that the claim is void; the status in the WHERE guards all the same.
create function coord._return_task(p_project_id integer, p_task_id uuid, p_error text, p_count_attempt boolean)
returns void
language sql volatile
as $$
  update coord.tasks t set
    status = case when p_count_attempt and t.attempts >= t.max_attempts then 'failed' else 'ready' end,
    attempts = case when p_count_attempt then t.attempts else t.attempts - 1 end,
    finished_at = case when p_count_attempt and t.attempts >= t.max_attempts then clock_timestamp() end,
    error = p_error, claim_session_id = null, claim_expires_at = null,
    agent = case when p_count_attempt and t.attempts >= t.max_attempts then t.agent end
  where t.project_id = p_project_id and t.task_id = p_task_id and t.status = 'claimed';
$$;
