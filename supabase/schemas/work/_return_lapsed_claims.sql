-- Gives back claims of a project whose lease or whose session has lapsed, of tasks with paths or of those without;
-- how many. Those with paths wait for the lock of the project's locks, at the end.
-- Concurrency: rows that somebody is just changing are skipped, also where it is the parent, which may have to be told.
-- A claim that is renewed between the look and the lock is looked at again by Postgres under the lock; a session that
-- may be beating just now counts as living (_is_dead).
-- Planned anew each time: a plan from when there were few tasks would look through all of them for each parent.
create function coord._return_lapsed_claims(p_project_id integer, p_limit integer, p_with_paths boolean) returns integer
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  v_task_ids uuid[];
  v_tokens bigint[];
begin
  select array_agg(l.task_id), array_agg(l.claim_token) into v_task_ids, v_tokens
  from (
    select t.task_id, t.claim_token, t.claim_session_id, t.claim_expires_at <= clock_timestamp() as expired
    from coord.tasks t
    join coord.tasks p on p.project_id = t.project_id and p.task_id = coalesce((t.terms).parent_id, t.task_id)
    left join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
    where t.project_id = p_project_id and t.status = 'claimed'
      and ((t.terms).paths is not null) = p_with_paths
      and (t.claim_expires_at <= clock_timestamp() or not coord._holds(s.ended_at, s.lease_expires_at))
    order by t.status, t.due_at, t.task_id limit p_limit for update of t, p skip locked
  ) l
  where l.expired or coord._is_dead(p_project_id, l.claim_session_id);
  if v_task_ids is null then return 0; end if;
  return coord._return_claims(p_project_id, v_task_ids, v_tokens, 'The claim lapsed.', true, 'sweep', 'lapsed');
end
$$;
