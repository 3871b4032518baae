import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireClaim, lapse, stopTrusting } from '../helpers/past.ts';
import { claimed, titlesFor } from '../helpers/tasks.ts';

let db: TestDatabase;
let project: string;
let ann: TestSession;
let bob: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `scopes-${++projects}`;
  ann = await db.session('ann', { project, trust: 3, beats: true });
  bob = await db.session('bob', { project, beats: true });
});

const lockedPaths = async () => (await ann.checkLocks()).locks.map(({ path, agent }) => `${path} ${agent}`);

describe('a task with paths', () => {
  test('is claimed with the locks on them, which go when it is done', async () => {
    await ann.submitWork({ title: 'edit', paths: ['src/b.ts', './src//a.ts', 'src/b.ts'] });
    const { task, claim_token, claim_expires_at } = await bob.getWork();
    expect(task).toMatchObject({ title: 'edit', paths: ['src/a.ts', 'src/b.ts'] });
    const { locks } = await ann.checkLocks();
    expect(locks).toMatchObject([
      { path: 'src/a.ts', agent: 'bob', reason: 'task edit' },
      { path: 'src/b.ts', agent: 'bob', reason: 'task edit' },
    ]);
    expect(Math.abs(Date.parse(String(locks[0]?.expires_at)) - Date.parse(String(claim_expires_at)))).toBeLessThan(
      1000,
    );
    await bob.completeWork({ task_id: String(task?.task_id), claim_token: Number(claim_token) });
    expect(await lockedPaths()).toEqual([]);
  });

  test('leaves a lock that its worker has asked for by itself', async () => {
    for (const paths of [['own.ts'], ['own.ts', 'other.ts']]) {
      await ann.submitWork({ title: 'edit', paths: ['own.ts', 'other.ts'] });
      const { task, claim_token } = await bob.getWork();
      await bob.acquireLock({ paths });
      await bob.completeWork({ task_id: String(task?.task_id), claim_token: Number(claim_token) });
      expect(await lockedPaths()).toEqual(paths.map((path) => `${path} bob`).sort());
      await bob.releaseLock({ paths });
    }
  });

  /** How many seconds the claim of the task lasts, and how many locks last as long. */
  async function lasting(): Promise<{ seconds: number; locks: number }> {
    const [row] = await db.sql<{ seconds: number; locks: number }[]>`
      select extract(epoch from t.claim_expires_at - clock_timestamp())::float as seconds, (
        select count(*)::integer from coord.locks l
        where l.project_id = t.project_id and l.session_id = t.claim_session_id
          and l.expires_at >= t.claim_expires_at) as locks
      from coord.tasks t join coord.projects p using (project_id) where p.name = ${project}`;
    return row as { seconds: number; locks: number };
  }

  test.each<[string, (held: { task_id: string; claim_token: number }) => Promise<unknown>]>([
    ['a heartbeat', () => bob.heartbeat()],
    ['an automatic heartbeat', () => bob.heartbeat({ automatic: true })],
    ['a note on its progress', (held) => bob.reportProgress({ ...held, note: 'half' })],
    ['any call, 5 s after the last', () => stopTrusting(db, bob).then(() => bob.discoverAgents())],
  ])('is renewed together with the locks on them: by %s', async (_, call) => {
    await ann.submitWork({ title: 'edit', paths: ['src/', 'docs/*.md', 'a.ts'] });
    const { task, claim_token } = await bob.getWork({ lease_seconds: 600 });
    await db.sql`update coord.tasks set claim_expires_at = clock_timestamp() + interval '5 seconds' where status = 'claimed'`;
    await db.sql`update coord.locks set expires_at = clock_timestamp() + interval '4 seconds' where session_id is not null`;
    await call({ task_id: String(task?.task_id), claim_token: Number(claim_token) });
    const { seconds, locks } = await lasting();
    expect(seconds).toBeGreaterThan(590);
    expect(locks).toBe(3);
  });

  test.each<[string, (held: { task_id: string; claim_token: number }) => Promise<unknown>]>([
    ['reported as failed', (held) => bob.completeWork({ ...held, success: false })],
    ['released', (held) => bob.releaseTask(held)],
    ['cancelled', ({ task_id }) => ann.cancelTask({ task_id })],
    ['lost with its lease', ({ task_id }) => expireClaim(db, task_id).then(() => ann.sweep())],
    ['lost with its session', () => lapse(db, bob).then(() => ann.sweep())],
    ['given back at the end of the session', () => bob.endSession()],
  ])('frees them when it is %s', async (_, end) => {
    await ann.submitWork({ title: 'edit', paths: ['a.ts'] });
    const { title: __, ...held } = await claimed(bob);
    expect(await lockedPaths()).toEqual(['a.ts bob']);
    await end(held);
    expect(await lockedPaths()).toEqual([]);
  });

  test('is passed over while somebody has one of them, and nothing of it is locked', async () => {
    await ann.submitWork({ title: 'clash', paths: ['free.ts', 'held.ts'], priority: 1 });
    await ann.submitWork({ title: 'behind', paths: ['other.ts'] });
    await ann.submitWork({ title: 'plain' });
    await ann.acquireLock({ paths: ['held.ts'] });
    expect(await titlesFor(bob)).toEqual(['behind', 'plain']);
    expect(await lockedPaths()).toEqual(['held.ts ann', 'other.ts bob']);
    await ann.releaseLock({ paths: ['held.ts'] });
    expect(await titlesFor(bob)).toEqual(['clash']);
  });

  test('is passed over while its own session works on one that clashes', async () => {
    const scopes = { one: 'src/a.ts', two: 'src/', three: 'src/*.ts', four: 'test/' };
    for (const [title, path] of Object.entries(scopes)) await ann.submitWork({ title, paths: [path] });
    const { title, ...held } = await claimed(bob);
    expect([title, await titlesFor(bob)]).toEqual(['one', ['four']]);
    await bob.completeWork(held);
    expect(await titlesFor(bob)).toEqual(['two']);
  });

  test('does not hold up a hundred others behind it', async () => {
    await ann.acquireLock({ paths: ['busy.ts'] });
    const tasks = Array.from({ length: 99 }, (_, index) => ({
      title: `busy ${index}`,
      paths: ['busy.ts'],
      priority: 1,
    }));
    await ann.submitWorkBatch({ tasks: [...tasks, { title: 'free', paths: ['free.ts'], priority: 10 }] });
    expect(await titlesFor(bob)).toEqual(['free']);
  });

  test('is passed over when a tree or a glob of somebody else covers it, as are all below', async () => {
    await ann.acquireLock({ paths: ['src/'] });
    const tasks = Array.from({ length: 60 }, (_, index) => ({ title: `${index}`, paths: [`src/${index}.ts`, 'x.ts'] }));
    await ann.submitWorkBatch({ tasks: [...tasks, { title: 'free', paths: ['test/*.ts'] }] });
    expect(await titlesFor(bob)).toEqual(['free']);
  });

  test('keeps its locks as long as its claim, with every call', async () => {
    await ann.submitWork({ title: 'edit', paths: ['a.ts'] });
    const { task } = await bob.getWork({ lease_seconds: 60 });
    await db.sql`update coord.tasks set claim_expires_at = clock_timestamp() + interval '10 seconds' where task_id = ${String(task?.task_id)}`;
    await db.sql`update coord.locks set expires_at = clock_timestamp() + interval '10 seconds' where path = 'a.ts'`;
    await db.sql`update coord.sessions set fresh_until = '-infinity' where session_id = ${bob.session_id}`;
    await bob.checkLocks();
    const { claim_expires_at } = await ann.getTask({ task_id: String(task?.task_id) });
    const [lock] = (await ann.checkLocks()).locks;
    for (const expires of [claim_expires_at, lock?.expires_at]) {
      expect(Date.parse(String(expires)) - Date.now()).toBeGreaterThan(50_000);
    }
  });
});

test('twelve tasks with overlapping paths and six workers: no two that overlap run together, and none is left', async () => {
  const scopes = Array.from({ length: 12 }, (_, index) => [
    `f${index}.ts`,
    `f${(index + 1) % 12}.ts`,
    `f${(index + 5) % 12}.ts`,
  ]);
  await ann.submitWorkBatch({ tasks: scopes.map((paths, index) => ({ title: String(index), paths })) });
  const running = new Map<string, readonly string[]>();
  const clashes: string[] = [];
  let done = 0;
  let most = 0;
  const work = async (index: number) => {
    const session = await db.session(`worker-${index}`, { project, beats: true });
    for (let idle = 0; done < 12; ) {
      const { task, claim_token } = await session.getWork();
      if (!task) {
        if (++idle > 2000) throw new Error('The queue stalled.');
        continue;
      }
      const paths = task.paths ?? [];
      clashes.push(...[...running.values()].flat().filter((path) => paths.includes(path)));
      running.set(task.task_id, paths);
      most = Math.max(most, running.size);
      await db.sql`select pg_sleep(0.02)`;
      running.delete(task.task_id);
      await session.completeWork({ task_id: task.task_id, claim_token: Number(claim_token) });
      done++;
    }
  };
  await Promise.all(Array.from({ length: 6 }, (_, index) => work(index)));
  expect(clashes).toEqual([]);
  expect(done).toBe(12);
  expect(most).toBeGreaterThan(1);
  expect(await lockedPaths()).toEqual([]);
});
