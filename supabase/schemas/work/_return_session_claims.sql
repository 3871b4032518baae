-- Gives back what a session that ends has claimed; how many. The caller has ended the session under its row lock, so it
-- claims nothing more. Rows that somebody is just changing are skipped, and whose parent somebody has: they are being
-- reported, or returned. At most 500, and none once the statement has taken a second: to end a session, or to revoke
-- the key of many, must not fail for what they hold. The rest counts as free all the same, and is given back by whoever
-- claims next, or by the sweep.
-- Planned anew each time: a plan from when there were few tasks would look through all of them for each parent.
create function coord._return_session_claims(
  p_project_id integer, p_session_id uuid, p_reason text, p_count_attempts boolean
) returns integer
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  v_task_ids uuid[];
  v_tokens bigint[];
begin
  if clock_timestamp() > statement_timestamp() + interval '1 second' then return 0; end if;
  select array_agg(c.task_id), array_agg(c.claim_token) into v_task_ids, v_tokens
  from (
    select t.task_id, t.claim_token from coord.tasks t
    join coord.tasks p on p.project_id = t.project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
    where t.project_id = p_project_id and t.status = 'claimed' and t.claim_session_id = p_session_id
    order by t.task_id limit 500 for update of t, p skip locked
  ) c;
  if v_task_ids is null then return 0; end if;
  return coord._return_claims(p_project_id, v_task_ids, v_tokens,
    'The session that worked on it ended: ' || p_reason || '.',
    p_count_attempts, 'end_session', 'returned');
end
$$;
