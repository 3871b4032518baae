import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';
import { sealAll } from '../helpers/tampering.ts';

let db: TestDatabase;

/** One of everything, made by operations, so that each statement below has something to break. */
beforeAll(async () => {
  db = await cloneDatabase();
  const ann = await db.session('ann', { trust: 4, beats: true });
  const bob = await db.session('bob');
  const [first, second] = [await ann.submitWork({ title: 'first' }), await ann.submitWork({ title: 'second' })];
  await ann.submitWork({ title: 'third', depends_on: [first.task_id, second.task_id] });
  await ann.submitWork({ title: 'fourth' }, { idempotency_key: 'fourth' });
  const claim = await ann.getWork();
  await ann.completeWork({ task_id: String(claim.task?.task_id), claim_token: Number(claim.claim_token) });
  await bob.getWork();
  const parent = await ann.submitWork({ title: 'parent' });
  await ann.submitWork({ title: 'child', parent_id: parent.task_id });
  await ann.submitWork({ title: 'later', run_after: new Date(Date.now() + 60_000).toISOString() });
  await ann.submitWork({ title: 'with paths', type: 'scoped', paths: ['scoped/'] });
  await ann.getWork({ types: ['scoped'] });
  await ann.acquireLock({ paths: ['tree/below.ts'] });
  await ann.releaseLock({ paths: ['tree/below.ts'] });
  await ann.acquireLock({ paths: ['tree/', 'shared/'], shared: true });
  await bob.acquireLock({ paths: ['shared/'], shared: true });
  await ann.acquireLock({ paths: ['shared/'], shared: true });
  await bob.acquireLock({ paths: ['own/'], shared: true });
  await ann.acquireLock({ paths: ['tree/'] });
  await ann.acquireLock({ paths: ['a.ts', 'b.ts'], reason: 'test' });
  await ann.acquireLock({ paths: ['a.ts'] });
  await ann.releaseLock({ paths: ['b.ts'] });
  await bob.acquireLock({ paths: ['b.ts'] });
  await bob.acquireLock({ paths: ['a.ts'] });
  await ann.sendMessage({ text: 'read', to: 'bob' });
  await bob.readInbox();
  await ann.createThread({ title: 'thread', text: 'first', mentions: ['bob'] });
  const { key_id } = await ann.createKey({ agent: 'cloud', trust: 1, expires_in_days: 1 });
  await speakWith(key_id);
  const { approval_id } = await bob.requestApproval({ action_type: 'x', description: 'x' });
  await ann.decideApproval({ approval_id, decision: 'approve' });
  await bob.useApproval({ approval_id });
  const gone = await db.session('gone');
  await gone.writeHandoff({ summary: 'test' });
  await gone.endSession();
  await bob.openSubagent({ name: 'helper' });
  const dead = await db.session('dead');
  await dead.acquireLock({ paths: ['dead.ts'] });
  await dead.endSession();
  await ann.sweep();
  await sealAll(db);
  await ann.submitWork({ title: 'after the first seal' });
  await sealAll(db);
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** A standing session of the key. */
async function speakWith(key_id: string): Promise<void> {
  const [key] = await db.sql`select project_id from coord.api_keys where key_id = ${key_id}`;
  await db.database.call('get_task_board', { p_caller: { project_id: key?.project_id, key_id } });
}

/** Sets columns of one row, the newest where several match. */
const set = (table: string, change: string, where: string) =>
  `update coord.${table} set ${change} where ctid = (select ctid from coord.${table} where ${where} limit 1)`;

const claimed = "status = 'claimed'";
const held = "session_id is not null and path = 'a.ts'";
const bob = "(select session_id from coord.sessions where agent = 'bob')";
const beating = "agent = 'ann'";
const nobody = "'019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f'";

/** Writes a journal row like the newest of that operation, with something changed. */
const journal = (operation: string, change: Record<string, string>) => {
  const columns = ['started_at', 'at', 'operation', 'outcome', 'resource', 'detail'];
  const values = columns.map((column) => change[column] ?? column);
  return `insert into coord.journal (project_id, ${columns.join(', ')}) select project_id, ${values.join(', ')}
    from coord.journal where operation = '${operation}' and outcome = 'ok' order by entry_id desc limit 1`;
};

/** By the name of a violation, a statement that brings it about. */
const violations: Record<string, string> = {
  tasks_of_unknown_status: set('tasks', "status = 'lost'", "status = 'ready'"),
  claimed_tasks_without_claim: set('tasks', 'claim_expires_at = null', claimed),
  claims_of_unclaimed_tasks: set('tasks', "status = 'ready'", claimed),
  claims_of_unknown_sessions: set('tasks', `claim_session_id = ${nobody}`, claimed),
  claims_beyond_longest_lease: set('tasks', "claim_expires_at = clock_timestamp() + interval '8 hours 2 s'", claimed),
  ended_tasks_without_time: set('tasks', 'finished_at = null', "status = 'done'"),
  open_tasks_that_have_ended: set('tasks', 'finished_at = clock_timestamp()', "status = 'ready'"),
  ready_tasks_with_unmet_dependencies: set('tasks', "status = 'ready'", "status = 'blocked'"),
  blocked_tasks_without_cause: set('tasks', "status = 'blocked'", "status = 'ready'"),
  scheduled_tasks_that_are_never_due: set('tasks', 'due_at = null', "status = 'scheduled'"),
  tasks_with_wrong_count_of_subtasks: set('tasks', 'terms.open_subtasks = 2', '(terms).open_subtasks = 1'),
  done_tasks_with_open_subtasks: set('tasks', "status = 'done'", '(terms).open_subtasks = 1'),
  tasks_with_wrong_count_of_unmet: set('tasks', 'unmet = 2', "status = 'blocked'"),
  tasks_with_too_many_attempts: set('tasks', 'attempts = 4, claim_token = 4', claimed),
  tasks_with_more_attempts_than_claims: set('tasks', 'attempts = 2', claimed),
  dependencies_on_unknown_tasks: set('task_dependencies', `depends_on = ${nobody}`, 'true'),
  tasks_that_wait_for_themselves: set('task_dependencies', 'depends_on = task_id', 'true'),
  lock_tokens_below_one: set('locks', 'token = 0', held),
  locks_of_unknown_sessions: set('locks', `session_id = ${nobody}`, held),
  locks_that_end_before_they_begin: set('locks', 'expires_at = acquired_at', held),
  locks_beyond_longest_lease: set('locks', "expires_at = clock_timestamp() + interval '8 hours 2 s'", held),
  lock_paths_not_in_normal_form: set('locks', "path = './' || path", "path = 'a.ts'"),
  grants_with_tokens_that_do_not_grow: journal('acquire_lock', {
    detail: `'{"path": "a.ts", "token": 1, "renewed": false}'`,
  }),
  grants_with_tokens_above_the_lock: set('locks', 'token = 1', "path = 'b.ts'"),
  locks_for_tasks_that_are_not_claimed: set('tasks', 'claim_session_id = null', "type = 'scoped'"),
  shared_locks_that_are_not_guarded: set('locks', 'guarded = false', "path = 'own/'"),
  locks_shared_and_exclusive: set('lock_shares', "path = 'b.ts'", `session_id <> ${bob}`),
  overlapping_locks_of_two_holders: set('locks', `session_id = ${bob}`, "path = 'tree/below.ts'"),
  paths_below_locked_trees_that_are_not_guarded: set('locks', 'guarded = false', "path = 'tree/below.ts'"),
  tasks_with_more_claims_than_tokens: set('tasks', 'claim_token = 0', "status = 'done'"),
  tasks_completed_twice: journal('complete_work', {}),
  completed_tasks_that_are_not_done: set('tasks', "status = 'ready'", "status = 'done'"),
  journal_rows_of_the_future: journal('submit_work', { at: "at + interval '1 minute'" }),
  journal_rows_that_end_before_they_begin: journal('submit_work', { started_at: "at + interval '1 second'" }),
  journal_rows_of_unknown_operations: journal('submit_work', { operation: "'conjure'" }),
  ended_sessions_that_count_as_fresh: set('sessions', 'fresh_until = clock_timestamp()', 'ended_at is not null'),
  sessions_fresh_beyond_their_lease: set('sessions', "lease_expires_at = fresh_until - interval '1 second'", beating),
  sessions_beyond_their_key: set('sessions', 'valid_until = clock_timestamp()', beating),
  sessions_beyond_longest_lease: set('sessions', "lease_expires_at = clock_timestamp() + interval '65 s'", beating),
  sessions_of_revoked_keys: set('api_keys', 'revoked_at = clock_timestamp()', 'true'),
  sessions_trusted_more_than_their_key: set('sessions', 'trust = 4', 'key_id is not null'),
  sessions_trusted_more_than_their_credential: set('sessions', 'granted_trust = 1', beating),
  restricted_sessions_that_count_as_fresh: set(
    'sessions',
    "restrictions = '{}', fresh_until = clock_timestamp()",
    beating,
  ),
  living_subagents_of_ended_sessions: `update coord.sessions set ended_at = clock_timestamp(), fresh_until = '-infinity'
    where session_id = ${bob}`,
  subagents_trusted_more_than_their_parents: set('sessions', 'trust = 1', `session_id = ${bob}`),
  sessions_of_unknown_agents: "delete from coord.agents where agent = 'bob'",
  idempotency_keys_without_answer: set('idempotency_keys', 'answer = null', 'true'),
  living_sessions_due_for_a_handoff: set('sessions', 'handoff_xact = began_xact', beating),
  automatic_handoffs_of_living_sessions: set('sessions', 'ended_at = null', "agent = 'dead'"),
  handoffs_made_beside_written_ones: `insert into coord.handoffs (project_id, handoff_id, session_id, agent, agent_type,
    summary) select project_id, ${nobody}, session_id, agent, agent_type, '' from coord.handoffs where automatic`,
  approvals_decided_twice: journal('decide_approval', {}),
  approvals_used_twice: journal('use_approval', {}),
  approvals_used_that_were_not_given: set('approvals', "status = 'denied'", 'true'),
  approvals_decided_after_their_time: set('approvals', 'expires_at = decided_at', 'true'),
  approvals_decided_by_nobody: set('approvals', 'decided_by = null', 'true'),
  approvals_decided_by_the_requester: set('approvals', 'requested_by = decided_by', 'true'),
  approvals_of_another_payload: set('approvals', `payload = '{"other": true}'`, 'true'),
  sweeps_of_the_future: set('pulse', "swept_at = clock_timestamp() + interval '1 minute'", 'true'),
  inbox_items_of_the_future: set('inbox_items', "at = at + interval '1 minute'", 'true'),
  inbox_items_for_nobody: set('inbox_items', "agent = 'nobody'", "kind = 'mention'"),
  inbox_items_for_everybody_and_one: set('inbox_items', `agent = '', session_id = ${nobody}`, 'true'),
  inbox_receipts_of_others: set('inbox_receipts', "agent = 'ann'", 'true'),
  unread_items_below_floors: `
    insert into coord.inbox_readers select s.project_id, s.session_id, s.agent, s.started_at, s.started_at,
      (i.xact_id::text::bigint + 1)::text::xid8
    from coord.sessions s join coord.inbox_items i on i.kind = 'mention' where s.agent = 'bob'
    on conflict (project_id, session_id) do update set floor = excluded.floor`,
  threads_with_wrong_count_of_posts: set('threads', 'posts = 2', 'true'),
  seals_that_do_not_follow: `with changed as (
    update coord.seals s set previous_hash = sha256('x'), seal_hash = coord._seal_hash(row(s.project_id, s.seal_number,
      s.first_xact_id, s.first_entry_id, s.last_xact_id, s.last_entry_id, s.row_count, s.total_rows, s.sealed_at,
      s.rows_hash, sha256('x'), s.seal_hash)) where seal_number = 2 returning 1) select * from changed`,
  seals_with_another_hash: set('seals', "sealed_at = sealed_at + interval '1 second'", 'seal_number = 2'),
  seals_with_other_rows: `delete from coord.journal where entry_id = (
    select last_entry_id from coord.seals where seal_number = 2)`,
  idempotency_keys_of_unknown_operations: set('idempotency_keys', "operation = 'conjure'", 'true'),
};

const none = Object.fromEntries(Object.keys(violations).map((name) => [name, 0]));

test('what operations leave behind violates nothing, and every kind of violation is broken below', async () => {
  expect(await db.database.call('count_violations', {})).toEqual(none);
});

test.each(Object.entries(violations))('%s are counted', async (name, statement) => {
  const broken = new Error('This never stays.');
  const counted = db.sql.begin(async (sql) => {
    await sql.unsafe(`set local session_replication_role = replica`);
    const { count } = await sql.unsafe(statement);
    expect(count).toBe(1);
    const [row] = await sql<{ violations: Record<string, number> }[]>`select coord.count_violations() as violations`;
    expect(row?.violations[name]).toBe(1);
    throw broken;
  });
  await expect(counted).rejects.toBe(broken);
});
