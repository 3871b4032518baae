-- Claims up to p_count tasks at once for the calling session, each with a claim and a journal row of its own, in the
-- order in which get_work would hand them out: the claims, as get_work_batch answers them. p_settles: see
-- _choose_tasks. To be called with enable_seqscan = off; see _claim.
-- Concurrency: as _claim; the rows to claim are collected in an array first, because a join would make the planner read
-- the whole table.
create function coord._claim_batch(
  p_call coord._call, p_count integer, p_types text[], p_lease_seconds integer, p_settles boolean default true
) returns jsonb
language plpgsql volatile
as $$
declare
  v_chosen uuid[];
  v_bytes integer[];
  v_claims jsonb;
begin
  perform from coord.tasks x where x.project_id = p_call.project_id and x.status = 'ready' and x.lane is not null
  order by x.lane, x.rank, x.task_id limit 1;
  if not found and p_types is null then
    select array_agg(f.task_id), array_agg(f.bytes) into v_chosen, v_bytes
    from (
      select n.task_id, coord._claim_bytes(n) as bytes from coord.tasks n
      where n.project_id = p_call.project_id and n.status = 'ready' and n.lane is null
      order by n.lane, n.rank, n.task_id limit p_count for update skip locked) f;
    for v_place in 2 .. coalesce(cardinality(v_chosen), 0) loop
      v_bytes[v_place] := v_bytes[v_place] + v_bytes[v_place - 1];
      if v_bytes[v_place] > coord._page_bytes() then
        v_chosen := v_chosen[:v_place - 1];
        exit;
      end if;
    end loop;
  end if;
  if coalesce(v_chosen, '{}') = '{}' then
    v_chosen := coord._choose_tasks(p_call, p_types, p_lease_seconds, p_count, p_settles);
  end if;
  with claimed as (
    update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
      trail = t.trail || pg_current_xact_id(),
      claim_session_id = p_call.session_id, lease_seconds = p_lease_seconds, agent = p_call.agent,
      claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where t.project_id = p_call.project_id and t.task_id = any (v_chosen) and t.status = 'ready'
    returning t as task
  ), noted as (
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource)
    select p_call.project_id, p_call.session_id, p_call.agent, p_call.operation, 'ok', 'task:' || (c.task).task_id
    from claimed c order by (c.task).rank, (c.task).task_id
  )
  select coalesce(jsonb_agg(coord._claim_of(c.task) order by (c.task).rank, (c.task).task_id), '[]') into v_claims
  from claimed c;
  return v_claims;
end
$$;
