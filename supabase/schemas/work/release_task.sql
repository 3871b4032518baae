-- Gives a claimed task back without a result; the attempt does not count. It is ready at once, or from p_run_after on.
-- Concurrency: one guarded write, as complete_work.
create function coord.release_task(
  p_caller jsonb, p_task_id uuid, p_claim_token bigint, p_reason text default null, p_run_after timestamptz default null
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'release_task');
  v_status text;
  v_paths text[];
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if p_run_after > clock_timestamp() + interval '1 year' then
    return coord._refuse(v_call, 'invalid_input', 'run_after: is more than a year away',
      'Give an earlier time, or leave it out.');
  end if;
  v_status := case when p_run_after > clock_timestamp() then 'scheduled' else 'ready' end;
  update coord.tasks t set status = v_status, attempts = t.attempts - 1, terms.run_after = p_run_after,
    due_at = coord._due_at(v_status, p_run_after, (t.terms).deadline), error = coalesce(p_reason, t.error), agent = null,
    claim_session_id = null, claim_expires_at = null, terms.progress_at = null,
    trail = coord._trail_on(t.trail)
  where t.project_id = v_call.project_id and t.task_id = p_task_id and t.claim_token = p_claim_token
    and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()
  returning (t.terms).paths into v_paths;
  if not found then
    return coord._refuse_claim(v_call, p_task_id, p_claim_token);
  end if;
  if v_paths is not null then
    perform coord._free_task_paths(v_call.project_id, v_call.session_id, p_task_id);
  end if;
  return coord._leave(v_call, jsonb_build_object('released', true, 'status', v_status), 'task:' || p_task_id,
    jsonb_build_object('status', v_status, 'reason', left(p_reason, 500)));
end
$$;

grant execute on function coord.release_task to coord_app;
