-- What must never be, by name, with how often it is: anything but 0 is a defect of these functions, or somebody
-- changed rows by hand. Asked by doctor, and every second by the test of faults.
-- One statement, so that all of it is one moment. It looks at the newest rows of each project only, so that it stays
-- cheap in a large database; every claim is among them, because claims have an index of their own. Without JIT, which
-- would compile this one statement for seconds.
create function coord.count_violations() returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp set jit = off
as $$
  with
  tasks as materialized (
    select t.project_id, t.task_id, t.status, t.status in ('done', 'failed', 'cancelled') as ended, t.unmet, t.attempts,
      t.max_attempts, t.claim_token, t.claim_session_id, t.claim_expires_at, t.agent, t.finished_at, t.due_at,
      coalesce((t.terms).open_subtasks, 0) as open_subtasks
    from coord.projects p
    cross join lateral (
      (select n.task_id from coord.tasks n where n.project_id = p.project_id order by n.task_id desc limit 5000)
      union
      (select c.task_id from coord.tasks c where c.project_id = p.project_id and c.status = 'claimed' limit 5000)) seen
    join coord.tasks t on t.project_id = p.project_id and t.task_id = seen.task_id),
  dependencies as materialized (
    select d.project_id, d.task_id, count(*) filter (where o.status is distinct from 'done') as unmet,
      count(*) filter (where o.task_id is null) as unknown, count(*) filter (where d.depends_on = d.task_id) as own
    from tasks t
    join coord.task_dependencies d on d.project_id = t.project_id and d.task_id = t.task_id
    left join coord.tasks o on o.project_id = d.project_id and o.task_id = d.depends_on
    group by d.project_id, d.task_id),
  subtasks as materialized (
    select c.project_id, c.parent_id, count(*) filter (where o.status not in ('done', 'failed', 'cancelled')) as open
    from tasks t
    join coord.subtasks c on c.project_id = t.project_id and c.parent_id = t.task_id
    join coord.tasks o on o.project_id = c.project_id and o.task_id = c.task_id
    group by c.project_id, c.parent_id),
  locks as materialized (
    select l.* from coord.projects p
    cross join lateral (select n.* from coord.locks n where n.project_id = p.project_id limit 5000) l),
  shares as materialized (select n.* from coord.lock_shares n limit 5000),
  holders as materialized (
    select h.*, s.session_id is null as unknown,
      coord._is_live(s.ended_at, s.lease_expires_at) and h.expires_at > clock_timestamp() as live
    from (
      select l.project_id, l.path, l.session_id, l.token, l.acquired_at, l.expires_at, false as shared from locks l
      where l.session_id is not null
      union all
      select a.project_id, a.path, a.session_id, a.token, a.acquired_at, a.expires_at, true from shares a) h
    left join coord.sessions s on s.project_id = h.project_id and s.session_id = h.session_id),
  -- Only trees and globs overlap other paths than their own, and all that are held are in lock_scopes.
  scopes as materialized (
    select h.* from coord.lock_scopes c join holders h on h.project_id = c.project_id and h.path = c.path
    where h.live limit 200),
  journal as materialized (
    select j.* from coord.projects p cross join lateral (
      select n.* from coord.journal n where n.project_id = p.project_id
      order by n.xact_id desc, n.entry_id desc limit 5000) j),
  grants as materialized (
    select g.*, max(g.token) over (partition by g.project_id, g.path order by g.entry_id
      rows between unbounded preceding and 1 preceding) as token_before
    from (
      select j.project_id, j.entry_id, d.grant ->> 'path' as path, (d.grant ->> 'token')::bigint as token,
        (d.grant ->> 'renewed')::boolean as renewed
      from journal j
      cross join lateral jsonb_path_query(coalesce(j.detail -> 'locks', j.detail), 'lax $[*]') d("grant")
      where j.operation = 'acquire_lock' and j.outcome = 'ok') g),
  calls as materialized (
    select j.project_id, substr(j.resource, 6)::uuid as task_id,
      count(*) filter (where j.operation like 'get\_work%') as claims,
      count(*) filter (where j.operation like 'complete\_%' and j.detail ->> 'status' = 'done') as completions
    from journal j where j.outcome = 'ok' and j.resource ~ '^task:[0-9a-f-]{36}$'
    group by j.project_id, j.resource),
  approvals as materialized (
    select a.*, (
      select count(*) from journal j where j.project_id = a.project_id and j.resource = 'approval:' || a.approval_id
        and j.operation = 'decide_approval' and j.outcome = 'ok') as decisions, (
      select count(*) from journal j where j.project_id = a.project_id and j.resource = 'approval:' || a.approval_id
        and j.operation = 'use_approval' and j.outcome = 'ok') as uses
    from coord.projects p cross join lateral (
      select n.* from coord.approvals n where n.project_id = p.project_id order by n.approval_id desc limit 200) a)
  select to_jsonb(of_tasks) || to_jsonb(of_dependencies) || to_jsonb(of_paths) || to_jsonb(of_holders)
    || to_jsonb(of_pairs) || to_jsonb(of_grants) || to_jsonb(of_calls) || to_jsonb(of_journal) || to_jsonb(of_sessions)
    || to_jsonb(of_keys) || to_jsonb(of_approvals) || to_jsonb(of_pulse) || to_jsonb(of_handoffs)
    || coord._count_message_violations() || coord._count_seal_violations()
  from (
    select
      count(*) filter (where not t.ended and t.status not in ('ready', 'blocked', 'scheduled', 'claimed'))
        as tasks_of_unknown_status,
      count(*) filter (where t.status = 'claimed' and (t.claim_session_id is null or t.claim_expires_at is null
        or t.claim_token < 1 or t.agent is null)) as claimed_tasks_without_claim,
      count(*) filter (where t.status <> 'claimed' and (t.claim_session_id is not null
        or t.claim_expires_at is not null)) as claims_of_unclaimed_tasks,
      count(*) filter (where t.status = 'claimed' and s.session_id is null) as claims_of_unknown_sessions,
      count(*) filter (where t.claim_expires_at > clock_timestamp() + interval '8 hours') as claims_beyond_longest_lease,
      count(*) filter (where t.ended and t.finished_at is null) as ended_tasks_without_time,
      count(*) filter (where not t.ended and t.finished_at is not null) as open_tasks_that_have_ended,
      count(*) filter (where t.status = 'ready' and t.unmet <> 0) as ready_tasks_with_unmet_dependencies,
      count(*) filter (where t.status = 'blocked' and t.unmet = 0) as blocked_tasks_without_cause,
      count(*) filter (where t.status = 'scheduled' and t.due_at is null) as scheduled_tasks_that_are_never_due,
      count(*) filter (where t.unmet <> coalesce(d.unmet, 0)) as tasks_with_wrong_count_of_unmet,
      count(*) filter (where t.open_subtasks <> coalesce(c.open, 0)) as tasks_with_wrong_count_of_subtasks,
      count(*) filter (where t.status = 'done' and c.open > 0) as done_tasks_with_open_subtasks,
      count(*) filter (where t.attempts not between 0 and t.max_attempts) as tasks_with_too_many_attempts,
      count(*) filter (where t.claim_token < t.attempts) as tasks_with_more_attempts_than_claims
    from tasks t
    left join dependencies d on d.project_id = t.project_id and d.task_id = t.task_id
    left join subtasks c on c.project_id = t.project_id and c.parent_id = t.task_id
    left join coord.sessions s on s.project_id = t.project_id and s.session_id = t.claim_session_id
  ) of_tasks, (
    select count(*) filter (where d.unknown > 0) as dependencies_on_unknown_tasks,
      count(*) filter (where d.own > 0) as tasks_that_wait_for_themselves
    from dependencies d
  ) of_dependencies, (
    select
      count(*) filter (where l.path <> './' and (l.path is not nfc normalized or octet_length(l.path) not between 1 and 1024
        or l.path ~ '(^|/)\.{0,2}/|(^|/)\.{1,2}$|[\\\u0001-\u001f\u007f-\u009f]'
        or l.path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' and l.path !~ '^(resource|label):')) as lock_paths_not_in_normal_form,
      count(*) filter (where l.session_id is not null and l.task_id is not null and l.expires_at > clock_timestamp()
        and t.claim_session_id is distinct from l.session_id) as locks_for_tasks_that_are_not_claimed
    from locks l left join coord.tasks t on t.project_id = l.project_id and t.task_id = l.task_id
  ) of_paths, (
    select
      count(*) filter (where h.token < 1) as lock_tokens_below_one,
      count(*) filter (where h.unknown) as locks_of_unknown_sessions,
      count(*) filter (where h.expires_at <= h.acquired_at) as locks_that_end_before_they_begin,
      count(*) filter (where h.expires_at > clock_timestamp() + interval '8 hours') as locks_beyond_longest_lease,
      count(*) filter (where h.shared and l.guarded is not true) as shared_locks_that_are_not_guarded,
      count(*) filter (where h.shared and h.live and l.session_id <> h.session_id and e.live) as locks_shared_and_exclusive
    from holders h
    left join coord.locks l on l.project_id = h.project_id and l.path = h.path
    left join holders e on e.project_id = l.project_id and e.path = l.path and not e.shared
  ) of_holders, (
    select
      count(*) filter (where h.live and h.session_id <> c.session_id and not (h.shared and c.shared))
        as overlapping_locks_of_two_holders,
      count(*) filter (where not l.guarded) as paths_below_locked_trees_that_are_not_guarded
    from scopes c
    join locks l on l.project_id = c.project_id and l.path <> c.path and coord._overlaps(c.path, l.path)
    left join holders h on h.project_id = l.project_id and h.path = l.path
  ) of_pairs, (
    select
      count(*) filter (where g.token <= g.token_before and not g.renewed) as grants_with_tokens_that_do_not_grow,
      count(*) filter (where coalesce(l.token, f.token, 0) < g.token) as grants_with_tokens_above_the_lock
    from grants g
    left join coord.locks l on l.project_id = g.project_id and l.path = g.path
    left join coord.lock_floors f on f.project_id = g.project_id
  ) of_grants, (
    select count(*) filter (where c.completions > 1) as tasks_completed_twice,
      count(*) filter (where c.completions > 0 and t.status is distinct from 'done') as completed_tasks_that_are_not_done,
      count(*) filter (where c.claims > t.claim_token) as tasks_with_more_claims_than_tokens
    from calls c left join coord.tasks t on t.project_id = c.project_id and t.task_id = c.task_id
  ) of_calls, (
    select count(*) filter (where j.at > clock_timestamp()) as journal_rows_of_the_future,
      count(*) filter (where j.at < j.started_at) as journal_rows_that_end_before_they_begin,
      count(*) filter (where coord._minimum_trust(j.operation) = 5) as journal_rows_of_unknown_operations
    from journal j
  ) of_journal, (
    select
      count(*) filter (where s.ended_at is not null and s.fresh_until > '-infinity') as ended_sessions_that_count_as_fresh,
      count(*) filter (where s.ended_at is null and s.handoff_xact is not null) as living_sessions_due_for_a_handoff,
      count(*) filter (where s.fresh_until > s.lease_expires_at) as sessions_fresh_beyond_their_lease,
      count(*) filter (where s.lease_expires_at > s.valid_until) as sessions_beyond_their_key,
      count(*) filter (where s.beats and s.lease_expires_at > clock_timestamp() + interval '60 seconds')
        as sessions_beyond_longest_lease,
      count(*) filter (where s.ended_at is null and s.key_id is not null
        and (k.key_id is null or k.revoked_at is not null)) as sessions_of_revoked_keys,
      count(*) filter (where s.trust > k.trust) as sessions_trusted_more_than_their_key,
      count(*) filter (where s.trust > s.granted_trust) as sessions_trusted_more_than_their_credential,
      count(*) filter (where s.restrictions is not null and s.fresh_until > '-infinity')
        as restricted_sessions_that_count_as_fresh,
      count(*) filter (where s.ended_at is null and p.ended_at is not null) as living_subagents_of_ended_sessions,
      count(*) filter (where s.ended_at is null and s.trust > p.trust) as subagents_trusted_more_than_their_parents,
      count(*) filter (where a.agent is null) as sessions_of_unknown_agents
    from (select n.* from coord.sessions n limit 5000) s
    left join coord.api_keys k on k.key_id = s.key_id and k.project_id = s.project_id
    left join coord.agents a on a.project_id = s.project_id and a.agent = s.agent
    left join coord.sessions p on p.project_id = s.project_id and p.session_id = s.parent_session_id
  ) of_sessions, (
    select count(*) filter (where i.answer is null) as idempotency_keys_without_answer,
      count(*) filter (where coord._minimum_trust(i.operation) = 5) as idempotency_keys_of_unknown_operations
    from (select n.* from coord.idempotency_keys n limit 5000) i
  ) of_keys, (
    select
      count(*) filter (where a.decisions > 1) as approvals_decided_twice,
      count(*) filter (where a.uses > 1) as approvals_used_twice,
      count(*) filter (where a.used_at is not null and a.status <> 'approved') as approvals_used_that_were_not_given,
      count(*) filter (where a.decided_at >= a.expires_at) as approvals_decided_after_their_time,
      count(*) filter (where a.status in ('approved', 'denied') and (a.decided_at is null or a.decided_by is null
        or a.decided_via is null)) as approvals_decided_by_nobody,
      count(*) filter (where a.decided_via = 'session' and a.decided_by = a.requested_by) as approvals_decided_by_the_requester,
      count(*) filter (where a.payload_hash <> encode(sha256(convert_to(a.payload::text, 'UTF8')), 'hex'))
        as approvals_of_another_payload
    from approvals a
  ) of_approvals, (
    select count(*) filter (where p.swept_at > clock_timestamp()) as sweeps_of_the_future from coord.pulse p
  ) of_pulse, (
    select count(*) filter (where h.automatic and (h.handoff_id <> h.session_id or s.ended_at is null))
        as automatic_handoffs_of_living_sessions,
      count(*) filter (where h.automatic and exists (select from coord.handoffs o where o.project_id = h.project_id
        and o.agent = h.agent and o.session_id = h.session_id and not o.automatic)) as handoffs_made_beside_written_ones
    from (select n.* from coord.handoffs n limit 5000) h
    join coord.sessions s on s.project_id = h.project_id and s.session_id = h.session_id
  ) of_handoffs;
$$;

grant execute on function coord.count_violations to coord_app;
