-- Ends several claims of the calling session as done, each with an answer of its own, in the order given, a subtask
-- before its parent; then claims the next tasks, if asked for, whatever their type, for as long as the longest of the
-- claims. What becomes of these takes nothing back; see _leave_and_claim. Each task has its journal row, as with
-- complete_work.
-- Concurrency: the tasks are locked with their parents and dependents, in id order, before anything is looked at: so
-- whoever makes one of them a dependency has either committed and is seen, or waits and finds it done. Then one guarded
-- UPDATE, as in complete_work. Paths are freed last, because nobody may wait for a task while he holds the locks of the
-- project.
-- What has to be locked is counted before, because each of 50 may have hundreds of dependents that others have made.
-- No more is claimed than was accepted, so that a call that comes twice claims once. With p_again, reports that were
-- accepted before are answered as they were, with the claims that were made then: the lock on the task decides who was
-- first, and whoever waited for it sees what the first has done. For enable_seqscan see _claim.
create function coord.complete_work_batch(
  p_caller jsonb, p_reports jsonb, p_claim_next integer default 0, p_again boolean default false
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'complete_work_batch');
  -- Before anything is locked: to enter may lock the session.
  v_next coord._call := case when p_claim_next > 0 and v_call.answer is null
    then coord._enter(p_caller - '{idempotency_key,input}'::text[], 'get_work_batch') end;
  -- For the parts: what is to be done once for a call is done by its end.
  v_part coord._call := v_call;
  v_lease_seconds integer;
  v_ids uuid[];
  v_held uuid[];
  v_now uuid[];
  v_done uuid[] := '{}';
  v_special uuid[];
  v_followed uuid[] := '{}';
  v_missing jsonb;
  v_before uuid[] := '{}';
  v_id uuid;
  v_report record;
  v_others jsonb := '{}';
  v_recalled jsonb := '[]';
  v_claims jsonb := '[]';
  v_hint text;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  v_part.extra := null;
  v_ids := array(select (r.report ->> 'task_id')::uuid from jsonb_array_elements(p_reports) r(report));
  if cardinality(v_ids) > 1 and coord._count_dependents(v_call, v_ids) > 2000 then
    return coord._refuse(v_call, 'limit_exceeded', 'reports: more than 2,000 tasks depend on these together',
      'Report fewer of them at once, or each with complete_work.', '{"reason": "too_many_dependents"}');
  end if;
  perform coord._lock_followers(v_call.project_id, array(
    select t.task_id from coord.tasks t
    where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
      and t.task_id = any (v_ids)));
  loop
    v_held := array(
      select t.task_id from coord.tasks t
      where t.project_id = v_call.project_id and t.status = 'claimed' and t.claim_session_id = v_call.session_id
        and t.task_id = any (v_ids) and coalesce((t.terms).open_subtasks, 0) = 0);
    with done as (
      update coord.tasks t set status = 'done', finished_at = clock_timestamp(), result = r.result, error = null,
        claim_session_id = null, claim_expires_at = null, trail = t.trail || pg_current_xact_id()
      from jsonb_to_recordset(p_reports) r(task_id uuid, claim_token bigint, result jsonb)
      where t.project_id = v_call.project_id and t.task_id = r.task_id and t.claim_token = r.claim_token
        and t.task_id = any (v_held) and t.claim_expires_at > clock_timestamp()
      -- See complete_work for why it is asked so.
      returning t.task_id, t.lease_seconds, t.lane is not null or (select true from coord.task_dependencies d
        where d.project_id = v_call.project_id and d.depends_on = any (array[t.task_id])
        order by d.depends_on, d.task_id limit 1) is not null as is_special
    ), noted as (
      insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
      select v_call.project_id, v_call.session_id, v_call.agent, 'complete_work', 'ok', 'task:' || d.task_id,
        '{"status": "done"}'
      from done d
    )
    select array_agg(d.task_id), greatest(v_lease_seconds, max(d.lease_seconds)),
      array_agg(d.task_id order by d.task_id) filter (where d.is_special)
    into v_now, v_lease_seconds, v_special
    from done d;
    exit when v_now is null;
    v_done := v_done || v_now;
    if v_special is not null then
      perform coord._lock_followers(v_call.project_id, v_special);
      v_followed := v_followed || v_special;
      perform coord._count_off_parents(v_call.project_id, v_special);
      select v_others || coalesce(jsonb_object_agg(u.task_id, jsonb_build_object('unblocked', u.unblocked)), '{}')
        into v_others
      from coord._unblock_dependents(v_call.project_id, v_special) u;
    end if;
    -- Once more, because the last subtasks of a task may have ended, here or meanwhile elsewhere.
    exit when cardinality(v_done) = cardinality(v_ids);
  end loop;
  foreach v_id in array v_followed loop
    perform coord._free_task_paths(v_call.project_id, v_call.session_id, v_id);
  end loop;
  if cardinality(v_done) < cardinality(v_ids) then
    select jsonb_agg(r.report) into v_missing
    from jsonb_array_elements(p_reports) r(report) where (r.report ->> 'task_id')::uuid <> all (v_done);
    if p_again then
      select b.task_ids, coord._claims_made(v_call, b.xact_ids) into v_before, v_recalled
      from coord._accepted_before(v_call, v_missing) b;
    end if;
    for v_report in
      select r.* from jsonb_to_recordset(v_missing) r(task_id uuid, claim_token bigint) where r.task_id <> all (v_before)
    loop
      v_others := v_others || jsonb_build_object(v_report.task_id,
        coord._refuse_claim(v_part, v_report.task_id, v_report.claim_token));
    end loop;
  end if;
  if v_next.answer is not null then
    v_hint := concat_ws(' ', v_next.answer #>> '{error,message}', v_next.answer #>> '{error,hint}');
  elsif v_next.operation is not null and v_done <> '{}' then
    begin
      v_claims := coord._claim_batch(v_next, least(p_claim_next, cardinality(v_done)), null, v_lease_seconds, false);
      if v_next.extra ? 'renews' then perform coord._renew_claims(v_next.project_id, v_next.session_id); end if;
    exception when others or query_canceled then
      v_claims := '[]';
      v_hint := 'The claim of the next tasks has failed. Call get_work for them.';
    end;
  end if;
  return coord._leave(v_call, jsonb_strip_nulls(jsonb_build_object('hint', v_hint))
    || jsonb_build_object('claims', v_recalled || v_claims, 'results', (
      select jsonb_agg(jsonb_build_object('task_id', r.task_id) || case when v_others -> r.task_id ? 'error'
          then v_others -> r.task_id
          else '{"status": "done", "attempts_left": 0, "unblocked": 0}' || coalesce(v_others -> r.task_id, '{}') end
        order by r.place)
      from (
        select (e.report ->> 'task_id')::uuid::text as task_id, e.place
        from jsonb_array_elements(p_reports) with ordinality e(report, place)) r)),
    -- What is a repetition already needs no answer for another one.
    p_kept => case when p_again then 'null'::jsonb end);
end
$$;

grant execute on function coord.complete_work_batch to coord_app;
