import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireLock, lapse, stopTrusting } from '../helpers/past.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let path: string;
let files = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  ann = await db.session('ann', { beats: true });
  bob = await db.session('bob', { beats: true });
  path = `src/file-${++files}.ts`;
});

async function tokenOf(session: TestSession): Promise<number> {
  const { locks } = await session.acquireLock({ paths: [path] });
  expect(locks).toHaveLength(1);
  return Number(locks?.[0]?.token);
}

/** What a holder leaves that ended without freeing its locks: a call that was on its way when the session ended. */
async function leaveLock(session: TestSession): Promise<void> {
  await db.sql`
    update coord.sessions set ended_at = clock_timestamp(), fresh_until = '-infinity'
    where session_id = ${session.session_id}`;
}

describe('a fencing token', () => {
  const handovers: [how: string, handOver: () => Promise<unknown>][] = [
    ['released it', () => ann.releaseLock({ paths: [path] })],
    ['let it expire', () => expireLock(db, path)],
    ['has lapsed', () => lapse(db, ann)],
    ['has ended', () => ann.endSession()],
    ['ended while a call of it was on its way', () => leaveLock(ann)],
    ['is forgotten', () => db.sql`delete from coord.sessions where session_id = ${ann.session_id}`],
  ];

  test.each(handovers)('grows when the lock goes to another session after its holder %s', async (_, handOver) => {
    const first = await tokenOf(ann);
    await handOver();
    expect(await tokenOf(bob)).toBe(first + 1);
  });

  test('stays as it is when its holder renews', async () => {
    const first = await tokenOf(ann);
    expect(await ann.acquireLock({ paths: [path] })).toMatchObject({ locks: [{ token: first, renewed: true }] });
  });

  test('grows when the same session takes the lock again after it was free', async () => {
    const first = await tokenOf(ann);
    await ann.releaseLock({ paths: [path] });
    expect(await tokenOf(ann)).toBe(first + 1);
    await expireLock(db, path);
    expect(await ann.acquireLock({ paths: [path] })).toMatchObject({ locks: [{ token: first + 2, renewed: false }] });
  });

  test('is not used up by those who are refused', async () => {
    const first = await tokenOf(ann);
    for (let refusal = 0; refusal < 3; refusal++) await bob.acquireLock({ paths: [path] });
    await ann.releaseLock({ paths: [path] });
    expect(await tokenOf(bob)).toBe(first + 1);
  });

  test('never shrinks, whatever four sessions do', async () => {
    const sessions = [ann, bob, await db.session('cid'), await db.session('dan')];
    let last = 0;
    let random = 7;
    for (let step = 0; step < 150; step++) {
      random = (random * 48_271) % 2_147_483_647;
      const session = sessions[Math.floor(random / 1000) % 4] as TestSession;
      const act = Math.floor(random / 4000) % 4;
      if (act === 0) await session.releaseLock({ paths: [path] });
      else if (act === 1) await expireLock(db, path);
      else {
        const { locks } = await session.acquireLock({ paths: [path] });
        const lock = locks?.[0];
        if (lock) expect(lock.token).toBe(lock.renewed ? last : last + 1);
        last = lock?.token ?? last;
      }
    }
    expect(last).toBeGreaterThan(20);
  });
});

describe('a lock', () => {
  test('is held by the session and not by the agent', async () => {
    await ann.acquireLock({ paths: [path], reason: 'first' });
    const twin = await db.session('ann');
    const refusal = { acquired: false, blocked_by: [{ agent: 'ann', reason: 'first' }] };
    expect(await twin.acquireLock({ paths: [path] })).toMatchObject(refusal);
  });

  test('that expired and went to another is not brought back by a renewal', async () => {
    await ann.acquireLock({ paths: [path] });
    await expireLock(db, path);
    const token = await tokenOf(bob);
    expect(await ann.acquireLock({ paths: [path] })).toMatchObject({
      acquired: false,
      blocked_by: [{ agent: 'bob' }],
    });
    expect(await ann.checkLocks({ paths: [path] })).toMatchObject({ locks: [{ token, agent: 'bob', mine: false }] });
  });

  test('of a lapsed session is not brought back by the session', async () => {
    await ann.acquireLock({ paths: [path] });
    await lapse(db, ann);
    await expect(ann.acquireLock({ paths: [path] })).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ann.heartbeat()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await bob.checkLocks({ paths: [path] })).toMatchObject({ locks: [] });
    expect(await bob.acquireLock({ paths: [path] })).toMatchObject({ acquired: true });
  });

  test('keeps its reason and its beginning when it is renewed without one', async () => {
    await ann.acquireLock({ paths: [path], reason: 'refactoring', ttl_seconds: 60 });
    const before = (await bob.checkLocks({ paths: [path] })).locks[0];
    await ann.acquireLock({ paths: [path], ttl_seconds: 600 });
    const after = (await bob.checkLocks({ paths: [path] })).locks[0];
    expect(after).toEqual({ ...before, expires_at: after?.expires_at });
    expect(Date.parse(String(after?.expires_at)) - Date.parse(String(before?.expires_at))).toBeGreaterThan(500_000);
  });

  test('asked for together with a held one is not taken, and what was free stays free', async () => {
    await bob.acquireLock({ paths: [`${path}/b`] });
    const answer = await ann.acquireLock({ paths: [`${path}/c`, `${path}/b`, `${path}/a`] });
    expect(answer).toMatchObject({ acquired: false, blocked_count: 1, blocked_by: [{ path: `${path}/b` }] });
    const { locks } = await ann.checkLocks({ paths: [`${path}/a`, `${path}/b`, `${path}/c`] });
    expect(locks.map((lock) => lock.path)).toEqual([`${path}/b`]);
    expect(await db.sql`select path from coord.locks where path in (${`${path}/a`}, ${`${path}/c`})`).toEqual([]);
  });

  test('named twice in one call is taken once', async () => {
    const { locks } = await ann.acquireLock({ paths: [path, `./${path}`, path] });
    expect(locks?.map((lock) => lock.token)).toEqual([1]);
  });

  test('names one holder when it is refused, and says how many locks are in the way, in less than 400 bytes', async () => {
    const paths = Array.from({ length: 9 }, (_, index) => `${path}/component-${index}.tsx`);
    await bob.acquireLock({ paths, reason: 'moving the components to the new design system, one after the other' });
    const answer = await ann.acquireLock({ paths });
    expect(answer).toMatchObject({
      blocked_by: [
        { path: paths[0], agent: 'bob', agent_type: 'test', reason: expect.stringMatching(/^moving .{52}…$/) },
      ],
      blocked_count: 9,
      position: 1,
    });
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(400);
  });

  test('that expired is taken again by its own session with a new token, and says that it had lapsed', async () => {
    const token = await tokenOf(ann);
    await expireLock(db, path);
    expect((await ann.acquireLock({ paths: [path] })).locks).toMatchObject([
      { token: token + 1, renewed: false, lapsed: true },
    ]);
  });

  test('that expired and is taken by another is reported to its living former holder, once', async () => {
    const token = await tokenOf(ann);
    await expireLock(db, path);
    await bob.acquireLock({ paths: [path] });
    const { notices } = await ann.getTaskBoard();
    expect(notices).toMatchObject([{ kind: 'lock_lapsed', path, token, taken_by: 'bob' }]);
    expect((await ann.getTaskBoard()).notices).toBeUndefined();
  });

  test('keeps others out for two seconds after its session lapsed, and no longer', async () => {
    await ann.acquireLock({ paths: [path] });
    await db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() - interval '0.5 seconds', fresh_until = '-infinity'
      where session_id = ${ann.session_id}`;
    expect(await bob.acquireLock({ paths: [path] })).toMatchObject({ acquired: false, blocked_by: [{ agent: 'ann' }] });
    await lapse(db, ann);
    expect(await bob.acquireLock({ paths: [path] })).toMatchObject({ acquired: true });
  });
});

describe('releasing', () => {
  test('with a token that has passed on frees nothing and says so', async () => {
    const token = await tokenOf(ann);
    await ann.releaseLock({ paths: [path] });
    await tokenOf(ann);
    const answer = await ann.releaseLock({ paths: [path], tokens: [token] });
    expect(answer).toMatchObject({ released: false, not_held: [{ path, reason: 'stale_token' }] });
    expect(await bob.acquireLock({ paths: [path] })).toMatchObject({ acquired: false });
    expect(await ann.releaseLock({ paths: [path], tokens: [token + 1] })).toMatchObject({ released: true });
  });

  test('says of each path why it was not released, and releases the others', async () => {
    const [mine, lapsed, others, free] = ['mine', 'lapsed', 'others', 'free'].map(
      (name) => `${path}/${name}`,
    ) as string[];
    await ann.acquireLock({ paths: [`${mine}`, `${lapsed}`] });
    await bob.acquireLock({ paths: [`${others}`] });
    await expireLock(db, `${lapsed}`);
    expect(await ann.releaseLock({ paths: [`${mine}`, `${lapsed}`, `${others}`, `${free}`] })).toMatchObject({
      released: false,
      released_paths: [mine],
      not_held: [
        { path: free, reason: 'free' },
        { path: lapsed, reason: 'lapsed' },
        { path: others, reason: 'locked_by_other' },
      ],
    });
    expect(await ann.checkLocks({ paths: [`${others}`] })).toMatchObject({ locks: [{ agent: 'bob' }] });
  });

  test('needs one token for each path', async () => {
    await expect(ann.releaseLock({ paths: [path, 'b.ts'], tokens: [1] })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  test('is refused to a session that has lapsed since its last look', async () => {
    await ann.acquireLock({ paths: [path] });
    await lapse(db, ann);
    await stopTrusting(db, ann);
    await expect(ann.releaseLock({ paths: [path] })).rejects.toMatchObject({ details: { reason: 'session_ended' } });
  });
});
