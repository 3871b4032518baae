-- Ends several claims of the calling session, each with an answer of its own, in the order given: done, a failed
-- attempt, or refused; then claims the next tasks, if asked for, whatever their type, for as long as the longest of
-- those. What becomes of these claims takes nothing back; see _leave_and_claim.
-- Successes of plain tasks that nothing waits for are one UPDATE. The rest go one by one through complete_work, which keeps its own
-- journal and sees to what follows.
-- Concurrency: as complete_work. Two batches with the same tasks, dependents or parents may wait for each other; then
-- one is undone and called again. No more is claimed than was accepted, so that a call that comes twice claims once.
create function coord.complete_work_batch(p_caller jsonb, p_reports jsonb, p_claim_next integer default 0) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'complete_work_batch');
  v_part jsonb := p_caller - '{idempotency_key,input}'::text[];
  -- Before anything is locked: to enter may lock the session.
  v_next coord._call := case when p_claim_next > 0 and v_call.answer is null
    then coord._enter(v_part, 'get_work_batch') end;
  v_lease_seconds integer;
  v_done uuid[];
  v_accepted integer;
  v_report record;
  v_answer jsonb;
  v_others jsonb := '{}';
  v_claims jsonb := '[]';
begin
  if v_call.answer is not null then return v_call.answer; end if;
  with done as (
    update coord.tasks t set status = 'done', finished_at = clock_timestamp(), result = r.result, error = null,
      claim_session_id = null, claim_expires_at = null, trail = t.trail || pg_current_xact_id()
    from jsonb_to_recordset(p_reports)
      r(task_id uuid, claim_token bigint, success boolean, result jsonb, error text)
    where t.project_id = v_call.project_id and t.task_id = r.task_id and t.claim_token = r.claim_token
      and t.status = 'claimed' and t.claim_session_id = v_call.session_id and t.claim_expires_at > clock_timestamp()
      and t.lane is null and coalesce((t.terms).open_subtasks, 0) = 0 and coalesce(r.success, true) and r.error is null
      and not exists (select from coord.task_dependencies d
        where d.project_id = v_call.project_id and d.depends_on = t.task_id)
    returning t.task_id, t.lease_seconds
  ), noted as (
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
    select v_call.project_id, v_call.session_id, v_call.agent, v_call.operation, 'ok', 'task:' || d.task_id,
      '{"status": "done"}'
    from done d
  )
  select coalesce(array_agg(d.task_id), '{}'), count(*), max(d.lease_seconds) into v_done, v_accepted, v_lease_seconds
  from done d;
  if v_accepted < jsonb_array_length(p_reports) then
    v_lease_seconds := greatest(v_lease_seconds, (
      select max(t.lease_seconds) from coord.tasks t
      where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
        and t.task_id in (select (r.report ->> 'task_id')::uuid from jsonb_array_elements(p_reports) r(report))));
    for v_report in
      select r.* from jsonb_to_recordset(p_reports)
        r(task_id uuid, claim_token bigint, success boolean, result jsonb, error text)
      where r.task_id <> all (v_done) order by r.task_id
    loop
      -- Notices come with the answer itself.
      v_answer := coord.complete_work(v_part, v_report.task_id, v_report.claim_token, coalesce(v_report.success, true),
        v_report.result, v_report.error) - 'notices';
      v_others := v_others || jsonb_build_object(v_report.task_id, v_answer);
      v_accepted := v_accepted + (not v_answer ? 'error')::integer;
    end loop;
  end if;
  if v_next.operation is not null and v_next.answer is null and v_accepted > 0 then
    begin
      v_claims := coord._claim_batch(v_next, least(p_claim_next, v_accepted), null, v_lease_seconds, false);
      if v_next.extra is not null then perform coord._leave(v_next, null); end if;
    exception when others or query_canceled then
      v_claims := '[]';
    end;
  end if;
  return coord._leave(v_call, jsonb_build_object('claims', v_claims, 'results', (
    select jsonb_agg(jsonb_build_object('task_id', r.report ->> 'task_id')
      || coalesce(v_others -> (r.report ->> 'task_id'), '{"status": "done", "attempts_left": 0, "unblocked": 0}')
      order by r.place)
    from jsonb_array_elements(p_reports) with ordinality r(report, place))));
end
$$;

grant execute on function coord.complete_work_batch to coord_app;
