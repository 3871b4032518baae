-- Claims the next task for the calling session. p_wait_seconds is for whoever calls: waiting is not done here.
-- Concurrency: see _claim. A caller that dies before the commit has claimed nothing.
create function coord.get_work(
  p_caller jsonb, p_types text[] default null, p_lease_seconds integer default 900, p_wait_seconds integer default 0
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work');
  v_claim jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  if coord._too_many_claims(v_call, 1) then return coord._refuse_more_claims(v_call); end if;
  v_claim := coord._claim(v_call, p_types, p_lease_seconds);
  if v_claim is not null then
    return coord._leave(v_call, v_claim, 'task:' || (v_claim #>> '{task,task_id}'));
  end if;
  -- Nobody reads the answers in between, so notices are left for the last one.
  if p_wait_seconds > 0 then v_call.extra := nullif(v_call.extra - 'notices', '{}'); end if;
  return coord._leave(v_call, jsonb_build_object('claimed', false, 'hint', case
      when exists (select from coord.tasks t where t.project_id = v_call.project_id and t.status = 'ready')
      then 'Nothing to claim now: what is ready is for others, or waits for files that are locked (check_locks).'
      else 'Nothing to claim now. Ask again later, or see list_tasks for what is blocked.' end), p_kept => 'null');
end
$$;

grant execute on function coord.get_work to coord_app;
