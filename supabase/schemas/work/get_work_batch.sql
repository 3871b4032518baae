-- Claims up to p_count tasks at once for the calling session, each with a claim of its own, in the order in which
-- get_work would hand them out. Concurrency: as get_work; the rows to claim are collected in an array first, because a
-- join would make the planner read the whole table.
create function coord.get_work_batch(
  p_caller jsonb, p_count integer, p_types text[] default null, p_lease_seconds integer default 900
) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_call coord._call := coord._enter(p_caller, 'get_work_batch');
  v_chosen uuid[];
  v_claims jsonb;
begin
  if v_call.answer is not null then return v_call.answer; end if;
  perform from coord.tasks x where x.project_id = v_call.project_id and x.status = 'ready' and x.lane is not null
  order by x.lane, x.rank, x.task_id limit 1;
  if not found and p_types is null then
    v_chosen := array(
      select n.task_id from coord.tasks n
      where n.project_id = v_call.project_id and n.status = 'ready' and n.lane is null
      order by n.lane, n.rank, n.task_id limit p_count for update skip locked);
    v_chosen := array(
      select c.task_id from (
        select w.task_id, w.place, sum(coord._claim_bytes(t)) over (order by w.place) as bytes
        from unnest(v_chosen) with ordinality w(task_id, place)
        join coord.tasks t on t.project_id = v_call.project_id and t.task_id = w.task_id) c
      where c.place = 1 or c.bytes <= coord._page_bytes() order by c.place);
  end if;
  if coalesce(v_chosen, '{}') = '{}' then
    v_chosen := coord._choose_tasks(v_call, p_types, p_lease_seconds, p_count);
  end if;
  with claimed as (
    update coord.tasks t set status = 'claimed', attempts = t.attempts + 1, claim_token = t.claim_token + 1,
      trail = t.trail || pg_current_xact_id(),
      claim_session_id = v_call.session_id, lease_seconds = p_lease_seconds, agent = v_call.agent,
      claim_expires_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where t.project_id = v_call.project_id and t.task_id = any (v_chosen) and t.status = 'ready'
    returning t.*
  ), noted as (
    insert into coord.journal (project_id, session_id, agent, operation, outcome, resource)
    select c.project_id, v_call.session_id, v_call.agent, 'get_work_batch', 'ok', 'task:' || c.task_id
    from claimed c order by c.rank, c.task_id
  )
  select coalesce(jsonb_agg(jsonb_build_object('claim_token', c.claim_token, 'claim_expires_at', c.claim_expires_at,
      'task', jsonb_build_object('task_id', c.task_id, 'type', c.type, 'title', c.title, 'description', c.description,
        'input', c.input, 'priority', c.priority, 'tags', c.tags, 'attempt', c.attempts,
        'max_attempts', c.max_attempts, 'last_error', c.error) || jsonb_strip_nulls(jsonb_build_object(
        'paths', to_jsonb((c.terms).paths), 'deadline', (c.terms).deadline, 'parent_id', (c.terms).parent_id)))
    order by c.rank, c.task_id), '[]') into v_claims
  from claimed c;
  return coord._leave(v_call, jsonb_build_object('claimed', v_claims <> '[]', 'claims', v_claims));
end
$$;

grant execute on function coord.get_work_batch to coord_app;
