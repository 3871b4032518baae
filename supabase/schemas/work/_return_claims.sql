-- Ends attempts without a result: each task goes back to the queue, at once or after its delay, or fails when its
-- attempts are used up. p_count_attempts false: the attempt does not count. p_outcome names the journal rows; null for
-- a caller who writes its own. Answers how many tasks it was.
-- Concurrency: p_waits is for whoever reports a failure, see _fail_attempt. All others have locked the tasks with their
-- parents, as far as nobody else had, and wait for none (see _cascade): what one agent holds must not keep the others'
-- claims from coming back. Token and status are looked at under the lock and again in the UPDATE, so a claim that was
-- granted anew, reported or returned meanwhile is left alone, and a second call finds nothing. Locks of paths are freed
-- last: nobody may wait for a task while holding them.
create function coord._return_claims(
  p_project_id integer, p_task_ids uuid[], p_tokens bigint[], p_error text, p_count_attempts boolean,
  p_operation text default null, p_outcome text default null, p_waits boolean default false
) returns integer
language plpgsql volatile
as $$
declare
  v_task record;
  v_failed uuid[] := '{}';
  v_sessions uuid[] := '{}';
  v_scoped uuid[] := '{}';
  v_returned integer := 0;
begin
  for v_task in
    with ended as (
      select t.task_id, t.claim_token, t.claim_session_id, case
          when not p_count_attempts then 'ready'
          when (t.terms).retry = 'none' or t.attempts >= t.max_attempts then 'failed'
          when coalesce((t.terms).retry_seconds, 60) = 0 then 'ready'
          else 'scheduled'
        end as status,
        clock_timestamp() + coord._retry_delay(coalesce((t.terms).retry, 'exponential'),
          coalesce((t.terms).retry_seconds, 60), t.attempts) as run_after
      from coord.tasks t join unnest(p_task_ids, p_tokens) c(task_id, token) on c.task_id = t.task_id
        and c.token = t.claim_token
      where t.project_id = p_project_id and t.task_id = any (p_task_ids) and t.status = 'claimed'
      order by t.task_id for update of t
    )
    update coord.tasks t set status = e.status, attempts = t.attempts - case when p_count_attempts then 0 else 1 end,
      terms.run_after = case when e.status = 'scheduled' then e.run_after else (t.terms).run_after end,
      terms.progress_at = null, trail = coord._trail_on(t.trail),
      due_at = coord._due_at(e.status, e.run_after, (t.terms).deadline),
      finished_at = case when e.status = 'failed' then clock_timestamp() end,
      agent = case when e.status = 'failed' then t.agent end,
      error = p_error, claim_session_id = null, claim_expires_at = null
    from ended e
    where t.project_id = p_project_id and t.task_id = e.task_id and t.claim_token = e.claim_token and t.status = 'claimed'
    returning t.task_id, t.status, (t.terms).paths, e.claim_session_id
  loop
    v_returned := v_returned + 1;
    if v_task.status = 'failed' then v_failed := v_failed || v_task.task_id; end if;
    if v_task.paths is not null then
      v_sessions := v_sessions || v_task.claim_session_id;
      v_scoped := v_scoped || v_task.task_id;
    end if;
    if p_outcome is not null then
      perform coord._journal(p_project_id, p_operation, 'task:' || v_task.task_id, p_outcome,
        jsonb_build_object('status', v_task.status, 'session_id', v_task.claim_session_id));
    end if;
  end loop;
  if v_failed <> '{}' then perform coord._follow_failures(p_project_id, v_failed, p_waits); end if;
  if v_scoped <> '{}' then
    perform coord._free_task_paths(p_project_id, f.session_id, f.task_id)
    from unnest(v_sessions, v_scoped) with ordinality f(session_id, task_id, place) order by f.place;
  end if;
  return v_returned;
end
$$;
