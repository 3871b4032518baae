import { type Operation, operationNamed } from '@agentcoord/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireLock, lapse } from '../helpers/past.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let cid: TestSession;
let dan: TestSession;
let dir: string;
let folders = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const enter = (agent: string) => db.session(agent, { beats: true });
  [ann, bob, cid, dan] = await Promise.all([enter('ann'), enter('bob'), enter('cid'), enter('dan')]);
  dir = `queue-${++folders}`;
});

interface Ask {
  shared?: boolean;
  wait_seconds?: number;
  idempotency_key?: string;
}

/** One ask, as core makes it again and again while somebody waits. */
async function ask(session: TestSession, paths: string[], { idempotency_key, ...more }: Ask = {}) {
  const [row] = await db.sql<{ project_id: number }[]>`
    select project_id from coord.sessions where session_id = ${session.session_id}`;
  const { project_id } = row as { project_id: number };
  const { wait_seconds: p_wait_seconds = 10, shared: p_shared = false } = more;
  const answer = await db.database.call('acquire_lock', {
    p_caller: { project_id, session_id: session.session_id, ...(idempotency_key ? { idempotency_key } : {}) },
    ...{ p_paths: paths, p_shared, p_wait_seconds },
  });
  return (operationNamed('acquire_lock') as Operation).output.parse(answer) as Record<string, unknown>;
}

const outcomes = async (path: string) =>
  (
    await db.sql<{ outcome: string }[]>`select outcome from coord.journal where resource = ${path} order by entry_id`
  ).map(({ outcome }) => outcome);

/** The session has not asked for longer than a waiter may be silent. */
const silence = ({ session_id }: TestSession) =>
  db.sql`update coord.lock_waiters set asked_at = clock_timestamp() - interval '6 seconds' where session_id = ${session_id}`;

describe('a queue', () => {
  test('serves in the order of arrival, whoever asks first after the release', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path]);
    expect(await ask(bob, [path])).toMatchObject({ acquired: false, position: 1, blocked_by: [{ agent: 'ann' }] });
    expect(await ask(cid, [path])).toMatchObject({ acquired: false, position: 2 });
    expect((await ann.checkLocks({ paths: [path] })).locks).toMatchObject([{ waiting: 2 }]);
    await ann.releaseLock({ paths: [path] });
    expect(await ask(cid, [path])).toMatchObject({ acquired: false, position: 2, blocked_by: [], blocked_count: 0 });
    expect(await ask(dan, [path], { wait_seconds: 0 })).toMatchObject({ acquired: false, position: 3 });
    expect(await ask(ann, [path], { wait_seconds: 0 })).toMatchObject({ acquired: false });
    expect(await ask(bob, [path])).toMatchObject({ acquired: true });
    await bob.releaseLock({ paths: [path] });
    expect(await ask(cid, [path])).toMatchObject({ acquired: true });
  });

  test('is given up by the last ask, by silence and by the end of the session', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path]);
    for (const session of [bob, cid, dan]) await ask(session, [path]);
    expect(await ask(bob, [path], { wait_seconds: 0 })).toMatchObject({ acquired: false });
    await silence(cid);
    await lapse(db, dan);
    const eve = await db.session('eve');
    expect(await ask(eve, [path])).toMatchObject({ position: 1 });
    expect(await ask(cid, [path])).toMatchObject({ position: 2 });
    await eve.endSession();
    await ann.endSession();
    expect(await ask(cid, [path])).toMatchObject({ acquired: true });
    expect(await db.sql`select session_id from coord.lock_waiters where paths = ${[path]}`).toEqual([]);
  });

  test('holds for paths that overlap, and lets others through', async () => {
    await ask(ann, [`${dir}/a/`]);
    expect(await ask(bob, [`${dir}/`])).toMatchObject({ position: 1 });
    expect(await ask(cid, [`${dir}/b.ts`], { wait_seconds: 0 })).toMatchObject({ acquired: false, blocked_by: [] });
    expect(await ask(cid, [`other-${dir}/b.ts`])).toMatchObject({ acquired: true });
  });

  test('is no reason to refuse who renews, or takes what lies in its own tree', async () => {
    await ask(ann, [`${dir}/`]);
    await ask(bob, [`${dir}/a.ts`]);
    expect(await ask(ann, [`${dir}/`])).toMatchObject({ acquired: true, locks: [{ renewed: true }] });
    expect(await ask(ann, [`${dir}/a.ts`])).toMatchObject({ acquired: true });
    await ann.releaseLock({ paths: [`${dir}/`, `${dir}/a.ts`] });
    expect(await ask(cid, [`${dir}/a.ts`], { wait_seconds: 0 })).toMatchObject({ acquired: false });
    expect(await ask(bob, [`${dir}/a.ts`])).toMatchObject({ acquired: true });
  });

  test('lets readers share, but not overtake a writer who waits', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path], { shared: true });
    expect(await ask(bob, [path])).toMatchObject({ position: 1 });
    expect(await ask(cid, [path], { shared: true })).toMatchObject({ acquired: false, position: 2 });
    expect(await ask(dan, [path], { shared: true })).toMatchObject({ acquired: false, position: 2 });
    await ann.releaseLock({ paths: [path] });
    expect(await ask(bob, [path])).toMatchObject({ acquired: true });
    await bob.releaseLock({ paths: [path] });
    expect(await ask(dan, [path], { shared: true })).toMatchObject({ acquired: true });
    expect(await ask(cid, [path], { shared: true })).toMatchObject({ acquired: true });
  });

  test('hands on what has expired', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path]);
    await ask(bob, [path]);
    await expireLock(db, path);
    expect(await ask(cid, [path], { wait_seconds: 0 })).toMatchObject({ acquired: false });
    expect(await ask(bob, [path])).toMatchObject({ acquired: true, locks: [{ token: 2 }] });
  });

  test('is journalled when it is joined, served and left, and not by asking again', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path]);
    for (let time = 0; time < 3; time++) await ask(bob, [path]);
    expect(await outcomes(path)).toEqual(['ok', 'waiting']);
    await ask(bob, [path], { wait_seconds: 0 });
    expect(await outcomes(path)).toEqual(['ok', 'waiting', 'held']);
  });

  test('keeps no answer for an idempotency key before the last one', async () => {
    const path = `${dir}/a.ts`;
    const idempotency_key = `wait-${dir}`;
    await ask(ann, [path]);
    expect(await ask(bob, [path], { idempotency_key })).toMatchObject({ acquired: false });
    await ann.releaseLock({ paths: [path] });
    const granted = await ask(bob, [path], { idempotency_key });
    expect(granted).toMatchObject({ acquired: true });
    await bob.releaseLock({ paths: [path] });
    expect(await ask(bob, [path], { idempotency_key })).toEqual(granted);
  });

  test('leaves notices for the answer that is read', async () => {
    await ask(bob, [`${dir}/gone.ts`]);
    await expireLock(db, `${dir}/gone.ts`);
    await ask(ann, [`${dir}/gone.ts`, `${dir}/a.ts`]);
    expect((await ask(bob, [`${dir}/a.ts`])).notices).toBeUndefined();
    await db.sql`update coord.sessions set fresh_until = '-infinity' where session_id = ${bob.session_id}`;
    expect((await ask(bob, [`${dir}/a.ts`], { wait_seconds: 0 })).notices).toMatchObject([{ kind: 'lock_lapsed' }]);
  });
});

describe('a deadlock', () => {
  const told = { acquired: false, deadlock: true };

  test('of two is told to the one who would close the circle, with what to release', async () => {
    const [one, two] = [`${dir}/1.ts`, `${dir}/2.ts`];
    await ask(ann, [one]);
    await ask(bob, [two]);
    expect(await ask(ann, [two])).toMatchObject({ position: 1 });
    const answer = await ask(bob, [one]);
    expect(answer).toMatchObject({ ...told, hint: expect.stringContaining(`Release ${two}`) });
    expect(await db.sql`select paths from coord.lock_waiters where session_id = ${bob.session_id}`).toEqual([]);
    await bob.releaseLock({ paths: [two] });
    expect(await ask(ann, [two])).toMatchObject({ acquired: true });
  });

  test('of four, over trees and globs, is found', async () => {
    const [a, b, c, d] = ['a/', 'b/', 'c/', 'd/'].map((name) => `${dir}/${name}`) as [string, string, string, string];
    await ask(ann, [a]);
    await ask(bob, [b]);
    await ask(cid, [c]);
    await ask(dan, [d]);
    expect(await ask(ann, [`${b}*.ts`])).toMatchObject({ position: 1 });
    expect(await ask(bob, [`${c}x.ts`])).toMatchObject({ position: 1 });
    expect(await ask(cid, [`${dir}/?/x.ts`])).toMatchObject(told);
    expect(await ask(cid, [d])).toMatchObject({ position: 1 });
    expect(await ask(dan, [`${a}x.ts`])).toMatchObject(told);
  });

  test('of two readers who both want to write is found', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path], { shared: true });
    await ask(bob, [path], { shared: true });
    expect(await ask(ann, [path])).toMatchObject({ position: 1 });
    expect(await ask(bob, [path])).toMatchObject({ ...told, hint: expect.stringContaining(path) });
    await bob.releaseLock({ paths: [path] });
    expect(await ask(ann, [path])).toMatchObject({ acquired: true });
  });

  test('is not seen in a long queue for one lock', async () => {
    const path = `${dir}/a.ts`;
    await ask(ann, [path]);
    for (const session of [bob, cid, dan]) expect(await ask(session, [path])).not.toHaveProperty('deadlock');
  });
});

test('an agent waits for 2,000 paths at most, and who waits is counted path by path', async () => {
  const list = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `${dir}/f${from + index}.ts`);
  for (let from = 0; from < 1000; from += 250) await ann.acquireLock({ paths: list(from, 250) });
  await ann.acquireLock({ paths: [`${dir}/tree/`] });
  // Of an agent of its own: the others wait still, from the tests before.
  const greedy = await db.session('greedy');
  for (let call = 1; call <= 8; call++) {
    expect(await ask(greedy, [`${dir}/f0.ts`, ...list(call * 1000, 249)])).toMatchObject({ acquired: false });
  }
  const late = greedy.acquireLock({ paths: [`${dir}/f1.ts`], wait_seconds: 10 });
  await expect(late).rejects.toMatchObject({ code: 'limit_exceeded', details: { reason: 'too_many_waiting' } });
  await ask(cid, [`${dir}/f0.ts`, `${dir}/f1.ts`, `${dir}/tree/a.ts`]);
  await ask(dan, [`${dir}/*.ts`]);
  const { locks } = await ann.checkLocks({ paths: [`${dir}/`], limit: 1000 });
  const waiting = new Map(locks.map((lock) => [lock.path, lock.waiting]));
  const counts = ['f0.ts', 'f1.ts', 'f2.ts', 'f999.ts'].map((name) => waiting.get(`${dir}/${name}`));
  expect(counts).toEqual([10, 2, 1, 1]);
  expect((await ann.checkLocks({ paths: [`${dir}/tree/`] })).locks).toMatchObject([{ waiting: 1 }]);
});
