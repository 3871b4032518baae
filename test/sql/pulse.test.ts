import { afterAll, beforeEach, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';

let db: TestDatabase;

beforeEach(async () => {
  await db?.[Symbol.asyncDispose]();
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** All that has a time was last seen `seconds` ago: the host slept since then. */
async function sleepFor(seconds: number, { steady = true } = {}): Promise<void> {
  const interval = `${seconds} seconds`;
  await db.sql`update coord.pulse set is_steady = ${steady}, swept_at = clock_timestamp() - ${interval}::interval`;
  await db.sql`
    update coord.sessions set lease_expires_at = lease_expires_at - ${interval}::interval, fresh_until = '-infinity'
    where beats`;
  await db.sql`update coord.locks set expires_at = expires_at - ${interval}::interval`;
  await db.sql`update coord.tasks set claim_expires_at = claim_expires_at - ${interval}::interval`;
}

test('after a sleep of the host, who lived before it still lives and holds, once', async () => {
  const ann = await db.session('ann', { beats: true });
  await ann.acquireLock({ paths: ['a.ts'], ttl_seconds: 60 });
  const { task_id } = await ann.submitWork({ title: 'long' });
  const { claim_token = 0 } = await ann.getWork({ lease_seconds: 60 });
  await sleepFor(7200);
  expect(await ann.releaseLock({ paths: ['a.ts'] })).toMatchObject({ released: true });
  expect(await ann.completeWork({ task_id, claim_token })).toMatchObject({ status: 'done' });
  // The same gap is not given back twice.
  await db.sql`update coord.sessions set lease_expires_at = clock_timestamp() - interval '3 seconds', fresh_until = '-infinity'`;
  await expect(ann.getTaskBoard()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a lease that had passed before the sleep stays passed', async () => {
  const [ann, bob] = [await db.session('ann', { beats: true }), await db.session('bob')];
  await ann.acquireLock({ paths: ['a.ts'] });
  await sleepFor(600);
  await db.sql`
    update coord.sessions set lease_expires_at = clock_timestamp() - interval '11 minutes'
    where session_id = ${ann.session_id}`;
  await expect(ann.getTaskBoard()).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(await bob.acquireLock({ paths: ['a.ts'] })).toMatchObject({ acquired: true });
});

test('without steady sweeps before it, a gap is no sleep', async () => {
  const ann = await db.session('ann', { beats: true });
  await sleepFor(600, { steady: false });
  await expect(ann.getTaskBoard()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a sweep after the sleep ends nobody, and beats anew', async () => {
  const ann = await db.session('ann', { beats: true });
  await sleepFor(600);
  expect(await db.database.call('sweep_projects', {})).toMatchObject({ ended_sessions: 0 });
  expect(await ann.getTaskBoard()).toMatchObject({ agents: [{ agent: 'ann' }] });
  const [pulse] =
    await db.sql`select is_steady, swept_at > clock_timestamp() - interval '5 seconds' as now from coord.pulse`;
  expect(pulse).toEqual({ is_steady: false, now: true });
});

test('who comes after the sleep, before it is noticed, gets no more than was asked for', async () => {
  await sleepFor(7200);
  const late = await db.session('late', { beats: true });
  await late.submitWork({ title: 'short' });
  await late.getWork({ lease_seconds: 60 });
  await db.database.call('sweep_projects', {});
  const rows = await db.sql<{ lease: number }[]>`
    select extract(epoch from lease_expires_at - clock_timestamp())::integer as lease from coord.sessions
    union all select extract(epoch from claim_expires_at - clock_timestamp())::integer from coord.tasks`;
  for (const { lease } of rows) expect(lease).toBeLessThanOrEqual(60);
  expect(await db.sql`select outcome from coord.journal where outcome = 'resumed'`).toHaveLength(1);
});
