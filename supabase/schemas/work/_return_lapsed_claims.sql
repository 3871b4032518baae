-- Gives back claims whose lease or whose session has lapsed, in one project (all when null); how many.
-- Concurrency: rows that somebody is just changing are skipped. A claim that is renewed between the look and the lock
-- is looked at again by Postgres under the lock; a session that may be beating just now counts as living (_is_dead).
create function coord._return_lapsed_claims(p_project_id integer, p_limit integer) returns integer
language plpgsql volatile
as $$
declare
  v_task record;
  v_returned integer := 0;
begin
  for v_task in
    select t.project_id, t.task_id, t.claim_session_id, t.claim_expires_at <= clock_timestamp() as expired
    from coord.tasks t
    left join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
    where t.status = 'claimed' and (p_project_id is null or t.project_id = p_project_id)
      and (t.claim_expires_at <= clock_timestamp() or not coord._holds(s.ended_at, s.lease_expires_at))
    order by t.project_id, t.task_id limit p_limit for update of t skip locked
  loop
    continue when not v_task.expired and not coord._is_dead(v_task.project_id, v_task.claim_session_id);
    perform coord._return_task(v_task.project_id, v_task.task_id, 'The claim lapsed.', true);
    perform coord._note(v_task.project_id, 'sweep', 'task:' || v_task.task_id, 'lapsed',
      jsonb_build_object('session_id', v_task.claim_session_id));
    v_returned := v_returned + 1;
  end loop;
  return v_returned;
end
$$;
