-- Ends sessions with their subagents, and frees what they held: one row for each that it has ended. p_reason: what
-- their tasks say of the attempt, and their handoffs. p_count_attempts: whether their claims count as attempts (a crash
-- does, an orderly end does not). Subagents have their journal rows from here.
-- All at once, because the locks of a session are found by reading those of the whole project: see locks/table.sql.
-- Concurrency: the rows of sessions are locked first, parents before their subagents; open_subagent locks its parent's,
-- too, so none is opened behind this function's back. Everything after it is done without waiting, because others may
-- hold a task or a lock and wait for their own session, or for the advisory lock of the project: rows that somebody is
-- just changing are left as they are. That loses nothing: locks, shares and places in the queue of an ended session
-- count as free in every decision.
create function coord._end_sessions(p_project_id integer, p_session_ids uuid[], p_reason text, p_count_attempts boolean)
returns table (session_id uuid, released_locks integer, returned_tasks integer)
language plpgsql volatile
as $$
declare
  v_next uuid[] := p_session_ids;
  v_ended uuid[] := '{}';
  v_returned integer[] := '{}';
  v_id uuid;
begin
  loop
    perform from coord.sessions s
    where s.project_id = p_project_id and s.session_id = any (v_next) and s.ended_at is null
    order by s.session_id for update;
    with ended as (
      update coord.sessions s set ended_at = clock_timestamp(), fresh_until = '-infinity', end_reason = p_reason,
        handoff_xact = pg_current_xact_id()
      where s.project_id = p_project_id and s.session_id = any (v_next) and s.ended_at is null
      returning s.session_id
    )
    select array_agg(e.session_id order by e.session_id) into v_next from ended e;
    exit when v_next is null;
    v_ended := v_ended || v_next;
    v_next := array(select s.session_id from coord.sessions s
      where s.project_id = p_project_id and s.parent_session_id = any (v_next) and s.ended_at is null);
  end loop;
  if v_ended = '{}' then return; end if;

  foreach v_id in array v_ended loop
    v_returned := v_returned || coord._return_session_claims(p_project_id, v_id, p_reason, p_count_attempts);
  end loop;
  delete from coord.lock_waiters w where w.project_id = p_project_id and w.waiter_id in (
    select o.waiter_id from coord.lock_waiters o
    where o.project_id = p_project_id and o.session_id = any (v_ended) for update skip locked);
  insert into coord.journal (project_id, session_id, agent, operation, resource, outcome, detail)
  select s.project_id, s.session_id, s.agent, 'end_session', 'session:' || s.session_id, 'ok',
    jsonb_build_object('reason', p_reason, 'parent_session_id', s.parent_session_id)
  from unnest(v_ended) with ordinality e(session_id, place)
  join coord.sessions s on s.project_id = p_project_id and s.session_id = e.session_id
  where s.session_id <> all (p_session_ids) order by e.place;
  return query
    with held as (
      select l.path, l.session_id from unnest(v_ended) e(session_id)
      join coord.locks l on l.project_id = p_project_id and l.session_id = e.session_id
      order by l.path for update of l skip locked
    ), shared as (
      select h.path, h.session_id from unnest(v_ended) e(session_id)
      join coord.lock_shares h on h.project_id = p_project_id and h.session_id = e.session_id
      order by h.path for update of h skip locked
    ), freed as (
      update coord.locks l set session_id = null, reason = null, task_id = null
      from held h where l.project_id = p_project_id and l.path = h.path returning h.session_id
    ), given_up as (
      delete from coord.lock_shares s using shared h
      where s.project_id = p_project_id and s.path = h.path and s.session_id = h.session_id returning h.session_id
    ), released as (
      select r.session_id, count(*)::integer as locks
      from (table freed union all table given_up) r group by 1
    )
    select e.session_id, coalesce(r.locks, 0), e.returned
    from unnest(v_ended, v_returned) e(session_id, returned) left join released r on r.session_id = e.session_id;
end
$$;
