-- Claims the next task for the calling session: the answer of get_work; null when there is none. The common path is one
-- UPDATE of the first plain task, and holds while no task of another kind is ready, which is one probe. All else is
-- chosen by _choose_tasks, also what is due when the queue runs dry; before that, the sweeper sees to it: to look here
-- too would make each claim a fortieth slower.
-- To be called with enable_seqscan = off: else many special tasks of other projects let Postgres hope to meet one at
-- once, and read the whole table.
-- Concurrency: the inner query locks one row and skips those that others have locked, so this transaction alone changes
-- it; the token grows with every claim. p_settles: see _choose_tasks.
create function coord._claim(
  p_call coord._call, p_types text[], p_lease_seconds integer, p_settles boolean default true
) returns jsonb
language plpgsql volatile
as $$
declare
  v_chosen uuid;
  v_claim jsonb;
begin
  if p_types is not null then
    v_chosen := (coord._choose_tasks(p_call, p_types, p_lease_seconds, 1, p_settles))[1];
  end if;
  loop
    update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
      trail = t.trail || pg_current_xact_id(),
      claim_session_id = p_call.session_id, lease_seconds = p_lease_seconds, agent = p_call.agent,
      claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where t.project_id = p_call.project_id and t.task_id = coalesce(v_chosen, (
      select n.task_id from coord.tasks n
      where n.project_id = p_call.project_id and n.status = 'ready' and n.lane is null and p_types is null
        and not exists (select from coord.tasks x
          where x.project_id = p_call.project_id and x.status = 'ready' and x.lane is not null)
      order by n.lane, n.rank, n.task_id limit 1 for update skip locked))
    returning jsonb_build_object('claimed', true, 'claim_token', t.claim_token,
      'claim_expires_at', t.claim_expires_at, 'task', jsonb_build_object('task_id', t.task_id, 'type', t.type,
        'title', t.title, 'description', t.description, 'input', t.input, 'priority', t.priority, 'tags', t.tags,
        'attempt', t.attempts, 'max_attempts', t.max_attempts, 'last_error', t.error)) into v_claim;
    if found then
      return case when v_chosen is null then v_claim else coord._with_scope(p_call, v_claim) end;
    end if;
    exit when p_types is not null;
    v_chosen := (coord._choose_tasks(p_call, null, p_lease_seconds, 1, p_settles))[1];
    exit when v_chosen is null;
  end loop;
  return null;
end
$$;
