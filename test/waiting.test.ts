import { coordinatorOver, type Operation, operationNamed } from '@agentcoord/contract';
import { invoke, localTransport } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId } from './helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { asks, elsewhere } from './helpers/elsewhere.ts';
import { heldPath, listeners, median, timed, untilListening } from './helpers/waiting.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  ann = await db.session('ann');
});
afterAll(() => cleanup.disposeAsync());

/** The database as behind a transaction pooler. */
const behindPooler = () => elsewhere(db, { pooled: true });

/** Frees what Ann holds in a way that tells nobody. */
async function releaseSilently(path: string): Promise<void> {
  const { wakeups: _, ...silent } = db.database;
  const transport = localTransport(silent, 'test', { agent: 'ann', agent_type: 'test', trust: 2 });
  await transport.invoke(
    operationNamed('release_lock') as Operation,
    { paths: [path] },
    { session_id: ann.session_id },
  );
}

describe('a call with wait_seconds', () => {
  test('that is granted at once does not wait, and opens no connection to listen', async () => {
    await using other = elsewhere(db);
    const { answer, seconds } = await timed(other.bob.acquireLock({ paths: ['free.ts'], wait_seconds: 30 }));
    expect(answer.acquired).toBe(true);
    expect(seconds).toBeLessThan(2);
    expect(await listeners(db)).toEqual([]);
  });

  test('is answered with no when its time is over, and not before', async () => {
    await using other = elsewhere(db);
    const { answer, seconds } = await timed(other.bob.acquireLock({ paths: [await heldPath(ann)], wait_seconds: 1 }));
    expect(answer).toMatchObject({ acquired: false, blocked_by: [{ agent: 'ann' }] });
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThan(2);
  });

  test('gets the lock that is released in another process', async () => {
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const waiting = other.bob.acquireLock({ paths: [path], wait_seconds: 20 });
    await untilListening(db, 1);
    await ann.releaseLock({ paths: [path] });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('gets the task that is submitted in its own process, without the way by the database', async () => {
    await using other = behindPooler();
    const waiting = other.bob.getWork({ types: ['own'], wait_seconds: 20 });
    await expect.poll(() => asks(other, 'get_work')).toBeGreaterThan(0);
    const begun = performance.now();
    await other.bob.submitWork({ title: 'own', type: 'own' });
    expect(await waiting).toMatchObject({ claimed: true });
    expect(performance.now() - begun).toBeLessThan(200);
  });

  test('gets what a key held that is revoked', async () => {
    await using other = elsewhere(db);
    const root = await db.session('root', { trust: 4 });
    const { key_id } = await root.createKey({ agent: 'cloud' });
    const project_id = await projectId(db);
    const holder = coordinatorOver({
      invoke: (operation, input) => invoke(db.database, operation, { project_id, key_id }, input),
    });
    await holder.acquireLock({ paths: ['of-a-key.ts'] });
    const waiting = timed(other.bob.acquireLock({ paths: ['of-a-key.ts'], wait_seconds: 20 }));
    await untilListening(db, 1);
    const { answer, at } = await timed(root.revokeKey({ key_id }));
    expect(answer).toMatchObject({ ended_sessions: 1 });
    expect(await waiting).toMatchObject({ answer: { acquired: true } });
    expect((await waiting).at - at).toBeLessThan(200);
  });

  test('finds by asking what a writer did who tells nobody', async () => {
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const waiting = timed(other.bob.acquireLock({ paths: [path], wait_seconds: 20 }));
    await untilListening(db, 1);
    await releaseSilently(path);
    const released = performance.now();
    const { answer, at } = await waiting;
    expect(answer.acquired).toBe(true);
    expect(at - released).toBeLessThan(3000);
  });

  test('finds it by asking where nobody can listen, as behind a transaction pooler', async () => {
    await using other = behindPooler();
    const path = await heldPath(ann);
    const waiting = other.bob.acquireLock({ paths: [path], wait_seconds: 20 });
    await expect.poll(() => asks(other, 'acquire_lock')).toBeGreaterThan(1);
    expect(await listeners(db)).toEqual([]);
    await ann.releaseLock({ paths: [path] });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('tells the database the rest of its time with each ask, and none with the last', async () => {
    await using other = elsewhere(db);
    await other.bob.acquireLock({ paths: [await heldPath(ann)], wait_seconds: 2 });
    const seen = (other.asked.get('acquire_lock') ?? []).map((args) => args.p_wait_seconds as number);
    expect(seen[0]).toBe(2);
    expect(seen.at(-1)).toBe(0);
    expect(seen).toEqual(seen.toSorted((a, b) => b - a));
    expect(seen.every(Number.isInteger)).toBe(true);
  });

  test('ends when the database says that it waits in a circle', async () => {
    await using other = elsewhere(db);
    const { call } = other.database;
    other.database.call = async (name, args) =>
      name === 'acquire_lock' ? { acquired: false, deadlock: true } : call(name, args);
    const { answer, seconds } = await timed(other.bob.acquireLock({ paths: ['circle.ts'], wait_seconds: 20 }));
    expect(answer).toEqual({ acquired: false, deadlock: true });
    expect(seconds).toBeLessThan(2);
  });

  test('ends when its signal aborts, and takes nothing afterwards', async () => {
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const controller = new AbortController();
    const waiting = other.bob.acquireLock({ paths: [path], wait_seconds: 20 }, { signal: controller.signal });
    await untilListening(db, 1);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    const asked = asks(other, 'acquire_lock');
    await ann.releaseLock({ paths: [path] });
    await untilListening(db, 0);
    expect(asks(other, 'acquire_lock')).toBe(asked);
    const carol = await db.session('carol');
    expect(await carol.acquireLock({ paths: [path], wait_seconds: 20 })).toMatchObject({ acquired: true });
  });

  test('may carry an idempotency key: a repetition for the rest of the time gets the same lock', async () => {
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const once = { idempotency_key: 'wait-once' };
    const waiting = other.bob.acquireLock({ paths: [path], wait_seconds: 20 }, once);
    await untilListening(db, 1);
    await ann.releaseLock({ paths: [path] });
    const answer = await waiting;
    expect(answer).toMatchObject({ acquired: true, locks: [{ renewed: false }] });
    expect(await other.bob.acquireLock({ paths: [path], wait_seconds: 5 }, once)).toEqual(answer);
  });
});

describe('many who wait', () => {
  test('leave the connections to others: 500 on a pool of 10, and ordinary calls are answered', async () => {
    await using other = elsewhere(db);
    const begun = performance.now();
    const waiting = Array.from({ length: 500 }, () => other.bob.getWork({ types: ['crowd'], wait_seconds: 60 }));
    await untilListening(db, 1);
    // Behind the first asks of all, which are calls like any other.
    await other.bob.getTaskBoard();
    const times: number[] = [];
    while (times.length < 200) times.push((await timed(other.bob.getTaskBoard())).seconds * 1000);
    console.log(
      `a call beside 500 who wait takes ${median(times).toFixed(1)} ms, at most ${Math.max(...times).toFixed(0)}`,
    );
    expect(median(times)).toBeLessThan(250);
    const [state] = await db.sql<{ connections: number; transactions: number }[]>`
      select count(*)::integer as connections,
        count(*) filter (where state like 'idle in transaction%')::integer as transactions
      from pg_stat_activity where datname = current_database() and usename is not null and query like '%coord%'
        and application_name = 'agentcoord'`;
    expect(state).toEqual({ connections: expect.any(Number), transactions: 0 });
    expect(state?.connections).toBeLessThanOrEqual(10 + 1 + 10);
    for (let task = 0; task < 500; task++) await ann.submitWork({ title: `${task}`, type: 'crowd' });
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ task }) => task?.task_id)).size).toBe(500);
    expect(performance.now() - begun).toBeLessThan(30_000);
  });

  test('are not made to ask by each other', async () => {
    await using other = elsewhere(db);
    const path = await heldPath(ann);
    const waiting = Array.from({ length: 16 }, () => other.bob.getWork({ types: ['quiet'], wait_seconds: 3 }));
    await other.bob.acquireLock({ paths: [path], wait_seconds: 3 });
    await Promise.all(waiting);
    // One at the start, one when the connection listens, one at the end, and a poll a second.
    expect(asks(other, 'get_work')).toBeLessThanOrEqual(16 * 8);
  });
});
