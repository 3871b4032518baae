-- Claims the next task for the calling session. p_wait_seconds is for whoever calls: waiting is not done here.
-- The common path is one UPDATE of the first plain task, and holds while no task of another kind is ready, which is one
-- probe. All else is chosen by _choose_tasks, also what is due when the queue runs dry; before that, the sweeper sees to
-- it: to look here too would make each claim a fortieth slower.
-- Without enable_seqscan = off, many special tasks of other projects let Postgres hope to meet one at once, and read the
-- whole table.
-- Concurrency: the inner query locks one row and skips those that others have locked, so this transaction alone changes
-- it; the token grows with every claim. A caller that dies before the commit has claimed nothing.
create function coord.get_work(
  p_caller jsonb, p_types text[] default null, p_lease_seconds integer default 900, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work');
  v_chosen uuid;
  v_task_id uuid;
  v_claim jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_types is not null then
    v_chosen := (coord._choose_tasks(v_call, p_types, p_lease_seconds, 1))[1];
  end if;
  loop
    update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
      trail = t.trail || pg_current_xact_id(),
      claim_session_id = v_call.session_id, lease_seconds = p_lease_seconds, agent = v_call.agent,
      claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where t.project_id = v_call.project_id and t.task_id = coalesce(v_chosen, (
      select n.task_id from coord.tasks n
      where n.project_id = v_call.project_id and n.status = 'ready' and n.lane is null and p_types is null
        and not exists (select from coord.tasks x
          where x.project_id = v_call.project_id and x.status = 'ready' and x.lane is not null)
      order by n.lane, n.rank, n.task_id limit 1 for update skip locked))
    returning t.task_id, jsonb_build_object('claimed', true, 'claim_token', t.claim_token,
      'claim_expires_at', t.claim_expires_at, 'task', jsonb_build_object('task_id', t.task_id, 'type', t.type,
        'title', t.title, 'description', t.description, 'input', t.input, 'priority', t.priority, 'tags', t.tags,
        'attempt', t.attempts, 'max_attempts', t.max_attempts, 'last_error', t.error)) into v_task_id, v_claim;
    if found then
      if v_chosen is not null then v_claim := coord._with_scope(v_call, v_claim); end if;
      return coord._leave(v_call, v_claim, 'task:' || v_task_id);
    end if;
    exit when p_types is not null;
    v_chosen := (coord._choose_tasks(v_call, null, p_lease_seconds, 1))[1];
    exit when v_chosen is null;
  end loop;
  -- Nobody reads the answers in between, so notices are left for the last one.
  if p_wait_seconds > 0 then v_call.extra := nullif(v_call.extra - 'notices', '{}'); end if;
  return coord._leave(v_call,
    '{"claimed": false, "hint": "Nothing to claim now. Ask again later, or see list_tasks for what is blocked."}',
    p_kept => 'null');
end
$$;

grant execute on function coord.get_work to coord_app;
