-- Claims the next task for the calling session. When nothing is ready, claims that have lapsed are given back first,
-- so a dead worker's task is found even if no sweeper runs.
-- Concurrency: _next_task locks the row, this transaction alone changes it; the token grows with every claim.
create function coord.get_work(p_caller jsonb, p_types text[] default null, p_lease_seconds integer default 900)
returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work');
  v_task_id uuid;
  v_answer jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_task_id := coord._next_task(v_call.project_id, p_types);
  if v_task_id is null and coord._return_lapsed_claims(v_call.project_id, 100) > 0 then
    v_task_id := coord._next_task(v_call.project_id, p_types);
  end if;
  if v_task_id is null then
    return coord._leave(v_call,
      '{"claimed": false, "hint": "Nothing to claim now. Ask again later, or see get_task_board for what is blocked."}');
  end if;
  update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
    claim_session_id = v_call.session_id, lease_seconds = p_lease_seconds, agent = v_call.agent,
    claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where t.project_id = v_call.project_id and t.task_id = v_task_id
  returning jsonb_build_object('claimed', true, 'claim_token', t.claim_token, 'claim_expires_at', t.claim_expires_at,
    'task', jsonb_build_object('task_id', t.task_id, 'type', t.type, 'title', t.title, 'description', t.description,
      'input', t.input, 'priority', t.priority, 'tags', t.tags, 'attempt', t.attempts,
      'max_attempts', t.max_attempts, 'last_error', t.error)) into v_answer;
  return coord._leave(v_call, v_answer, 'task:' || v_task_id);
end
$$;

grant execute on function coord.get_work to coord_app;
