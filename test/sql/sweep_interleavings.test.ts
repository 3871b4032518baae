import type postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireClaim, lapse } from '../helpers/past.ts';
import { call } from '../helpers/racers.ts';
import { claimed, comeDue, inSeconds } from '../helpers/tasks.ts';

// A worker and a sweeper, each in a transaction of its own that ends when the test says so. Whoever comes first wins, and
// the other changes nothing.

let db: TestDatabase;
let project: string;
let worker: TestSession;
let watcher: TestSession;
let caller: { project_id: number; session_id: string };
let held: { task_id: string; claim_token: number };
let connections: postgres.ReservedSql[] = [];
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `interleaving-${++projects}`;
  worker = await db.session('worker', { project, beats: true });
  watcher = await db.session('watcher', { project, trust: 3 });
  caller = { project_id: await projectId(db, project), session_id: worker.session_id };
  await watcher.submitWork({ title: 'task', max_attempts: 2 });
  const { title: _, ...claim } = await claimed(worker);
  held = claim;
});

afterEach(async () => {
  for (const connection of connections) {
    await connection`rollback`;
    connection.release();
  }
  connections = [];
});

type Answer = Record<string, unknown>;

/** Begins a transaction and calls in it. */
async function begin(statement: string): Promise<{ sql: postgres.ReservedSql; answer: Answer }> {
  const { sql, answer } = await start(statement);
  return { sql, answer: await answer };
}

/** Begins a transaction with a call that will have to wait; `answer` comes when the other one ends. */
async function start(statement: string): Promise<{ sql: postgres.ReservedSql; answer: Promise<Answer> }> {
  const sql = await db.sql.reserve();
  connections.push(sql);
  const [backend] = await sql`select pg_backend_pid() as pid`;
  await sql`begin`;
  const answer = sql.unsafe<{ answer: Answer }[]>(statement).then(([row]) => row?.answer as Answer);
  let settled = false;
  const settle = () => {
    settled = true;
  };
  answer.then(settle, settle);
  for (let waits = false; !waits && !settled; ) {
    const [row] =
      await db.sql`select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = ${backend?.pid}`;
    waits = row?.waits ?? false;
  }
  return { sql, answer };
}

const sweep = () => `select coord._sweep(${caller.project_id}) as answer`;
const complete = (more: object = {}) =>
  call('complete_work', { p_caller: caller, p_task_id: held.task_id, p_claim_token: held.claim_token, ...more });
const progress = () =>
  call('report_progress', {
    ...{ p_caller: caller, p_task_id: held.task_id, p_claim_token: held.claim_token, p_note: 'on it' },
  });

/** The claim lapses while the worker's transaction is under way: it began in time. */
async function claimLapsesMeanwhile(): Promise<void> {
  await db.sql`select pg_sleep_until((select claim_expires_at from coord.tasks where task_id = ${held.task_id}))`;
}
async function claimLapsesSoon(): Promise<void> {
  await db.sql`
    update coord.tasks set claim_expires_at = clock_timestamp() + interval '300 milliseconds' where task_id = ${held.task_id}`;
}

const state = async () => {
  const { status, attempts } = await watcher.getTask({ task_id: held.task_id });
  return `${status} after ${attempts}`;
};
const returns = async () => {
  const { entries } = await watcher.getTaskHistory({ task_id: held.task_id });
  return entries.filter(({ outcome }) => ['lapsed', 'returned'].includes(outcome)).length;
};
const refusal = (answer: Answer) => (answer.error as { details?: { reason?: string } } | undefined)?.details?.reason;

test('1: the sweeper took the claim back, then the worker reports: refused', async () => {
  await expireClaim(db, held.task_id);
  const sweeper = await begin(sweep());
  await sweeper.sql`commit`;
  const { answer } = await begin(complete());
  expect([refusal(answer), await state(), await returns()]).toEqual(['not_claimed', 'scheduled after 1', 1]);
});

test('2: the worker has reported in time and not yet committed: the sweeper passes the task over', async () => {
  await claimLapsesSoon();
  const { sql, answer } = await begin(complete());
  await claimLapsesMeanwhile();
  expect((await begin(sweep())).answer).toMatchObject({ returned_tasks: 0 });
  await sql`commit`;
  expect([answer.status, await state(), await returns()]).toEqual(['done', 'done after 1', 0]);
});

test('3: the worker has reported and its transaction is lost: the next sweep takes the claim back', async () => {
  await claimLapsesSoon();
  const { sql } = await begin(complete());
  await claimLapsesMeanwhile();
  const first = await begin(sweep());
  await first.sql`commit`;
  await sql`rollback`;
  expect(await state()).toBe('claimed after 1');
  const second = await begin(sweep());
  await second.sql`commit`;
  expect([await state(), await returns()]).toEqual(['scheduled after 1', 1]);
});

test('4: the worker reports while the sweeper has taken the claim back and not yet committed: refused', async () => {
  await expireClaim(db, held.task_id);
  const sweeper = await begin(sweep());
  const late = await start(complete());
  await sweeper.sql`commit`;
  expect(refusal(await late.answer)).toBe('lapsed');
  await late.sql`commit`;
  expect([await state(), await returns()]).toEqual(['scheduled after 1', 1]);
});

test('5: the sweeper has taken the claim back and its transaction is lost: the claim stays lapsed, and is taken back once', async () => {
  await expireClaim(db, held.task_id);
  const sweeper = await begin(sweep());
  const late = await start(complete());
  await sweeper.sql`rollback`;
  expect(refusal(await late.answer)).toBe('lapsed');
  await late.sql`commit`;
  expect(await state()).toBe('claimed after 1');
  expect(await watcher.sweep()).toMatchObject({ returned_tasks: 1 });
  expect([await state(), await returns()]).toEqual(['scheduled after 1', 1]);
});

test('6: the worker has renewed in time and not yet committed: the sweeper passes the task over, and the claim stands', async () => {
  await claimLapsesSoon();
  const { sql } = await begin(progress());
  await claimLapsesMeanwhile();
  expect((await begin(sweep())).answer).toMatchObject({ returned_tasks: 0 });
  await sql`commit`;
  expect(await watcher.sweep()).toMatchObject({ returned_tasks: 0 });
  expect(await worker.completeWork(held)).toMatchObject({ status: 'done' });
});

test('7: the worker calls while the sweeper is ending its session: it waits, and is told that the session has ended', async () => {
  await lapse(db, worker);
  const sweeper = await begin(sweep());
  expect(sweeper.answer).toMatchObject({ ended_sessions: 1, returned_tasks: 1 });
  const late = await start(complete());
  await sweeper.sql`commit`;
  expect(refusal(await late.answer)).toBe('session_ended');
  await late.sql`commit`;
  expect([await state(), await returns()]).toEqual(['scheduled after 1', 1]);
});

test('8: the worker has called just before its session lapsed, and not yet committed: the sweeper leaves it alone', async () => {
  await db.sql`
    update coord.sessions set fresh_until = '-infinity', lease_expires_at = clock_timestamp() + interval '300 milliseconds'
    where session_id = ${worker.session_id}`;
  const { sql } = await begin(progress());
  // Two seconds after its lease a session does not hold any more.
  await db.sql`
    select pg_sleep_until(lease_expires_at + interval '2 seconds') from coord.sessions
    where session_id = ${worker.session_id}`;
  expect((await begin(sweep())).answer).toMatchObject({ ended_sessions: 0, returned_tasks: 0 });
  await sql`commit`;
  expect(await worker.completeWork(held)).toMatchObject({ status: 'done' });
});

test('9: two callers find the claim lapsed at once: it comes back once, and one of them gets the task', async () => {
  await db.sql`update coord.tasks set terms.retry_seconds = 0 where task_id = ${held.task_id}`;
  await expireClaim(db, held.task_id);
  const get = async (name: string) => {
    const { session_id } = await db.session(name, { project });
    return begin(call('get_work', { p_caller: { ...caller, session_id } }));
  };
  const first = await get('first');
  const second = await get('second');
  const sweeper = await begin(sweep());
  expect([first.answer.claimed, second.answer.claimed, sweeper.answer.returned_tasks]).toEqual([true, false, 0]);
  for (const { sql } of [first, second, sweeper]) await sql`commit`;
  expect([await state(), await returns()]).toEqual(['claimed after 2', 1]);
});

test('a return that names the token of an earlier grant changes nothing', async () => {
  const { task_id, claim_token } = held;
  const [row] = await db.sql`
    select coord._return_claims(${caller.project_id}, array[${task_id}::uuid], array[${claim_token - 1}::bigint], 'late', true) as n`;
  expect([row?.n, await state()]).toEqual([0, 'claimed after 1']);
});

test('10: a worker and the sweeper find a task due at once: it becomes ready once', async () => {
  const { task_id } = await watcher.submitWork({ title: 'due', run_after: inSeconds(60) });
  await comeDue(db, task_id);
  const sweeper = await begin(sweep());
  const other = await begin(call('get_work', { p_caller: caller }));
  expect(other.answer.claimed).toBe(false);
  for (const { sql } of [sweeper, other]) await sql`commit`;
  expect((await claimed(worker)).task_id).toBe(task_id);
  const { entries } = await watcher.getTaskHistory({ task_id });
  expect(entries.filter(({ outcome }) => outcome === 'due')).toHaveLength(1);
});
