import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireLock } from '../helpers/past.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let boss: TestSession;
let dir: string;
let folders = 0;

beforeAll(async () => {
  db = await cloneDatabase();
  // The column comes with the work queue; _free_task_paths reads it.
  await db.sql`alter table coord.tasks add column if not exists paths text[]`;
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  [ann, bob, boss] = await Promise.all([db.session('ann'), db.session('bob'), db.session('boss', { trust: 3 })]);
  dir = `limits-${++folders}`;
});

describe('a forced release', () => {
  test('frees what others hold, alone or together, tells each of them, and says from whom', async () => {
    const [one, two] = [`${dir}/1.ts`, `${dir}/tree/`];
    await ann.acquireLock({ paths: [one], reason: 'gone for lunch' });
    await ann.acquireLock({ paths: [two], shared: true });
    await bob.acquireLock({ paths: [two], shared: true });
    const reason = 'needed for the release';
    const { freed } = await boss.forceReleaseLock({ paths: [one, two, `${dir}/free.ts`], reason });
    expect(freed[0]).toMatchObject({ path: one, agent: 'ann', reason: 'gone for lunch', session_id: ann.session_id });
    expect(
      freed
        .slice(1)
        .map(({ path, agent }) => `${path} ${agent}`)
        .sort(),
    ).toEqual([`${two} ann`, `${two} bob`]);
    expect(await boss.checkLocks({ paths: [`${dir}/`] })).toMatchObject({ locks: [] });
    expect((await bob.getTaskBoard()).notices).toMatchObject([{ kind: 'lock_forced', path: two, by: 'boss', reason }]);
    expect((await ann.getTaskBoard()).notices).toMatchObject([{ path: one }, { path: two }]);
    const [entry] = await db.sql`
      select outcome, resource, detail ->> 'reason' as reason from coord.journal
      where operation = 'force_release_lock' and resource = ${one}`;
    expect(entry).toEqual({ outcome: 'ok', resource: one, reason });
    expect(await ann.releaseLock({ paths: [one] })).toMatchObject({ released: false, not_held: [{ reason: 'free' }] });
  });

  test('needs trust 3 and a reason, and frees only what is named as it was locked', async () => {
    await ann.acquireLock({ paths: [`${dir}/a.ts`] });
    await expect(bob.forceReleaseLock({ paths: [`${dir}/a.ts`], reason: 'mine' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(boss.forceReleaseLock({ paths: [`${dir}/a.ts`], reason: '' })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect(await boss.forceReleaseLock({ paths: [`${dir}/`], reason: 'x' })).toEqual({ freed: [] });
    expect(await bob.acquireLock({ paths: [`${dir}/a.ts`] })).toMatchObject({ acquired: false });
  });
});

describe('new paths', () => {
  test('are 5,000 an hour for one agent; then it is told when it may go on, and nothing is made', async () => {
    const project = `flood-${dir}`;
    const [flood, twin, other] = (await Promise.all([
      ...['flood', 'flood', 'other'].map((agent) => db.session(agent, { project })),
    ])) as [TestSession, TestSession, TestSession];
    const batch = (number: number) => Array.from({ length: 250 }, (_, index) => `f/${number}-${index}.ts`);
    for (let number = 0; number < 20; number++) {
      await flood.acquireLock({ paths: batch(number) });
      await flood.releaseLock({ paths: batch(number) });
    }
    const rows = () => db.sql`select count(*)::integer from coord.locks where path like 'f/%'`;
    for (const session of [flood, twin]) {
      const refusal = await session.acquireLock({ paths: ['f/one-more.ts'] }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'limit_exceeded', details: { resets_at: expect.any(String) } });
    }
    expect(await rows()).toEqual([{ count: 5000 }]);
    expect(await flood.acquireLock({ paths: batch(3) })).toMatchObject({ acquired: true });
    expect(await other.acquireLock({ paths: ['f/of-another.ts'] })).toMatchObject({ acquired: true });
    await db.sql`update coord.agents set new_paths_since = clock_timestamp() - interval '61 minutes' where agent = 'flood'`;
    expect(await flood.acquireLock({ paths: ['f/one-more.ts'] })).toMatchObject({ acquired: true });
  }, 60_000);

  test('that could not be had are not counted', async () => {
    await bob.acquireLock({ paths: [`${dir}/`] });
    const greedy = await db.session('greedy');
    await greedy.acquireLock({ paths: [`${dir}/a.ts`, `${dir}/b.ts`] });
    expect(await db.sql`select new_paths from coord.agents where agent = 'greedy'`).toEqual([{ new_paths: 0 }]);
  });
});

describe('trees and globs', () => {
  test('are 50 for one agent, held and waited for together', async () => {
    const project = `scopes-${dir}`;
    const [many, twin, other] = (await Promise.all(
      ['many', 'many', 'other'].map((agent) => db.session(agent, { project })),
    )) as [TestSession, TestSession, TestSession];
    const trees = Array.from({ length: 50 }, (_, index) => `t/${index}/`);
    await many.acquireLock({ paths: [...trees, 'a.ts'] });
    for (const session of [many, twin]) {
      await expect(session.acquireLock({ paths: ['t/more/*.ts'], shared: true })).rejects.toMatchObject({
        code: 'limit_exceeded',
        details: { reason: 'too_many_scopes' },
      });
    }
    expect(await many.acquireLock({ paths: trees })).toMatchObject({ acquired: true });
    expect(await other.acquireLock({ paths: ['t/more/*.ts'] })).toMatchObject({ acquired: true });
    const globs = Array.from({ length: 11 }, (_, index) => `g/*${index}`);
    await expect(other.acquireLock({ paths: globs })).rejects.toMatchObject({ details: { reason: 'too_many_scopes' } });
    await expect(other.checkLocks({ paths: globs })).rejects.toMatchObject({ details: { reason: 'too_many_scopes' } });
    expect(await other.acquireLock({ paths: globs.slice(2) })).toMatchObject({ acquired: true });
    await many.releaseLock({ paths: ['t/1/'] });
    expect(await twin.acquireLock({ paths: ['t/1/'] })).toMatchObject({ acquired: true });
  });
});

describe('shares', () => {
  test('are 2,000 for one agent, those of all its sessions together', async () => {
    const project = `shares-${dir}`;
    const sessions = await Promise.all(Array.from({ length: 9 }, () => db.session('many', { project })));
    const [first, ...others] = sessions as [TestSession, ...TestSession[]];
    const paths = Array.from({ length: 240 }, (_, index) => `s/${index}.ts`);
    for (const session of others) await session.acquireLock({ paths, shared: true });
    await expect(first.acquireLock({ paths, shared: true })).rejects.toMatchObject({
      code: 'limit_exceeded',
      details: { reason: 'too_many_shares' },
    });
    expect(await first.acquireLock({ paths: paths.slice(0, 80), shared: true })).toMatchObject({ acquired: true });
    expect(await others[0]?.acquireLock({ paths, shared: true })).toMatchObject({ acquired: true });
    const other = await db.session('other', { project });
    expect(await other.acquireLock({ paths, shared: true })).toMatchObject({ acquired: true });
    // What has lapsed is still there for whoever takes the path, and counts until its session ends.
    await db.sql`update coord.lock_shares set expires_at = clock_timestamp() - interval '1 second'
      where session_id = ${others[1]?.session_id as string}`;
    await expect(first.acquireLock({ paths, shared: true })).rejects.toMatchObject({ code: 'limit_exceeded' });
    await others[1]?.endSession();
    expect(await first.acquireLock({ paths, shared: true })).toMatchObject({ acquired: true });
  });
});

describe('rows of forgotten paths', () => {
  test('are dropped after 30 days, and the tokens of their paths go on growing', async () => {
    const [path, held, recent] = [`${dir}/old.ts`, `${dir}/held.ts`, `${dir}/recent.ts`];
    for (let time = 0; time < 7; time++) {
      await ann.acquireLock({ paths: [path] });
      await ann.releaseLock({ paths: [path] });
    }
    await ann.acquireLock({ paths: [held, recent] });
    await ann.releaseLock({ paths: [recent] });
    await db.sql`
      update coord.locks set expires_at = clock_timestamp() - interval '31 days' where path in ${db.sql([path, held])}`;
    await db.sql`select coord._forget_locks()`;
    const left = await db.sql`select path from coord.locks where path like ${`${dir}/%`} order by path`;
    expect(left).toEqual([{ path: held }, { path: recent }]);
    expect((await bob.acquireLock({ paths: [path] })).locks?.[0]?.token).toBeGreaterThan(7);
    expect((await bob.acquireLock({ paths: [recent] })).locks).toMatchObject([{ token: 2 }]);
  });
});

describe('the paths of a task', () => {
  const task_id = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

  async function takePaths({ session_id }: TestSession, paths: string[]): Promise<boolean> {
    const [row] = await db.sql<{ taken: boolean }[]>`
      select coord._take_paths(row(s.project_id, s.session_id, s.agent, 'get_work', null, null)::coord._call,
        ${paths}::text[], 'a task', 60, ${task_id}) as taken
      from coord.sessions s where s.session_id = ${session_id}`;
    return row?.taken === true;
  }

  const freePaths = ({ session_id }: TestSession) => db.sql`
    select coord._free_task_paths(s.project_id, s.session_id, ${task_id}) from coord.sessions s
    where s.session_id = ${session_id}`;

  test('are taken all or none, and freed without what the session had locked itself', async () => {
    const [mine, file, tree] = [`${dir}/mine.ts`, `${dir}/a.ts`, `${dir}/api/`];
    await ann.acquireLock({ paths: [mine] });
    expect(await takePaths(ann, [tree, `./${file}`, mine])).toBe(true);
    expect(await bob.acquireLock({ paths: [`${tree}x.ts`] })).toMatchObject({ acquired: false });
    expect(await takePaths(bob, [`${dir}/free.ts`, file])).toBe(false);
    expect((await bob.checkLocks({ paths: [`${dir}/free.ts`] })).locks).toEqual([]);
    const [{ project_id } = { project_id: 0 }] = await db.sql<{ project_id: number }[]>`
      select project_id from coord.sessions where session_id = ${ann.session_id}`;
    await db.sql`
      insert into coord.tasks (project_id, task_id, type, title, priority, status, rank, max_attempts, submitted_by, terms)
      values (${project_id}, ${task_id}, 'task', 'x', 5, 'claimed', now(), 1, 'x',
        jsonb_populate_record(null::coord.task_terms, jsonb_build_object('paths', ${[tree, file, mine]}::text[])))`;
    await freePaths(ann);
    expect((await ann.checkLocks({ paths: [`${dir}/`] })).locks).toMatchObject([{ path: mine }]);
    expect(await takePaths(bob, [`${dir}/free.ts`, file])).toBe(true);
  });

  test('do not overtake who waits, and none is always to be had', async () => {
    expect(await takePaths(ann, [])).toBe(true);
    await ann.acquireLock({ paths: [`${dir}/a.ts`] });
    const waiting = bob.acquireLock({ paths: [`${dir}/`], wait_seconds: 3 });
    await expect
      .poll(async () => (await ann.checkLocks({ paths: [`${dir}/a.ts`] })).locks[0]?.waiting, { timeout: 3000 })
      .toBe(1);
    expect(await takePaths(boss, [`${dir}/b.ts`])).toBe(false);
    await ann.releaseLock({ paths: [`${dir}/a.ts`] });
    expect(await waiting).toMatchObject({ acquired: true });
  });
});

test('after an outage, shared locks that lived at the last sweep live on', async () => {
  const path = `${dir}/a.ts`;
  await ann.acquireLock({ paths: [path], shared: true, ttl_seconds: 60 });
  await bob.acquireLock({ paths: [`${dir}/b.ts`], ttl_seconds: 60 });
  await db.sql`update coord.lock_shares set expires_at = clock_timestamp() - interval '1 minute' where path = ${path}`;
  await expireLock(db, `${dir}/b.ts`);
  await db.sql`update coord.pulse set swept_at = clock_timestamp() - interval '3 minutes', is_steady = true`;
  expect(await boss.acquireLock({ paths: [path] })).toMatchObject({ acquired: false, blocked_by: [{ agent: 'ann' }] });
  expect(await boss.acquireLock({ paths: [`${dir}/`] })).toMatchObject({ acquired: false, blocked_count: 2 });
});
