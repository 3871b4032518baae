import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireLock } from '../helpers/past.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let cid: TestSession;
let dir: string;
let folders = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  [ann, bob, cid] = await Promise.all([db.session('ann'), db.session('bob'), db.session('cid')]);
  dir = `dir-${++folders}`;
});

const take = async (session: TestSession, ...paths: string[]) => (await session.acquireLock({ paths })).acquired;
const share = async (session: TestSession, ...paths: string[]) =>
  (await session.acquireLock({ paths, shared: true })).acquired;

describe('a tree or a glob', () => {
  const pairs: [held: string, asked: string, free: string][] = [
    ['api/', 'api/a.ts', 'apis/a.ts'],
    ['api/a.ts', 'api/', 'apis/'],
    ['api/v1/', 'api/', 'api/v2/'],
    ['api/', 'api/v1/', 'app/'],
    ['api/*.ts', 'api/a.ts', 'api/a.tsx'],
    ['api/a.ts', 'api/*.ts', 'api/*.tsx'],
    ['api/**/*.ts', 'api/v1/', 'web/'],
    ['api/v1/', 'api/**/*.ts', 'api/v2/**'],
    ['api/**/a*.ts', 'api/*b.ts', 'api/*.tsx'],
  ];

  test.each(pairs)('with %s held, %s is not to be had, and %s is', async (held, asked, free) => {
    expect(await take(ann, `${dir}/${held}`)).toBe(true);
    expect(await bob.acquireLock({ paths: [`${dir}/${asked}`] })).toMatchObject({
      acquired: false,
      blocked_by: [{ path: `${dir}/${held}`, agent: 'ann' }],
    });
    expect(await take(bob, `${dir}/${free}`)).toBe(true);
    await ann.releaseLock({ paths: [`${dir}/${held}`] });
    expect(await take(bob, `${dir}/${asked}`)).toBe(true);
  });

  test('stands in the way of files in it that were locked before, and of those that never were', async () => {
    await ann.acquireLock({ paths: [`${dir}/known.ts`] });
    await ann.releaseLock({ paths: [`${dir}/known.ts`] });
    await take(ann, `${dir}/`);
    expect([await take(bob, `${dir}/known.ts`), await take(bob, `${dir}/new.ts`)]).toEqual([false, false]);
  });

  test('does not hinder its own holder, whose files in it stay locked after it is released', async () => {
    expect([await take(ann, `${dir}/a.ts`), await take(ann, `${dir}/`), await take(ann, `${dir}/b.ts`)]).toEqual([
      true,
      true,
      true,
    ]);
    await ann.releaseLock({ paths: [`${dir}/a.ts`] });
    expect(await take(bob, `${dir}/a.ts`)).toBe(false);
    await ann.releaseLock({ paths: [`${dir}/`] });
    expect([await take(bob, `${dir}/a.ts`), await take(bob, `${dir}/b.ts`)]).toEqual([true, false]);
  });

  test('gives its files back to the fast way once it is gone', async () => {
    await take(ann, `${dir}/a.ts`);
    await ann.releaseLock({ paths: [`${dir}/a.ts`] });
    await take(bob, `${dir}/`);
    const guarded = async () =>
      (await db.sql<{ guarded: boolean }[]>`select guarded from coord.locks where path = ${`${dir}/a.ts`}`)[0]?.guarded;
    expect(await guarded()).toBe(true);
    await bob.releaseLock({ paths: [`${dir}/`] });
    await take(ann, `${dir}/a.ts`);
    expect(await guarded()).toBe(false);
  });

  test('is free when its holder has ended, and when it has expired', async () => {
    await take(ann, `${dir}/`);
    await ann.endSession();
    expect(await take(bob, `${dir}/a.ts`)).toBe(true);
    await take(cid, `${dir}/b/`);
    await expireLock(db, `${dir}/b/`);
    expect(await take(bob, `${dir}/b/c.ts`)).toBe(true);
    expect((await cid.getTaskBoard()).notices).toMatchObject([{ kind: 'lock_lapsed', path: `${dir}/b/` }]);
    expect((await bob.checkLocks({ paths: [`${dir}/`] })).locks).toHaveLength(2);
  });

  test('that begins with a wildcard needs trust 3, and so does the whole repository', async () => {
    const boss = await db.session('boss', { trust: 3, project: `broad-${dir}` });
    for (const path of ['*.ts', '**/a.ts', '?/a.ts', './', '**']) {
      await expect(ann.acquireLock({ paths: [path] })).rejects.toMatchObject({
        code: 'forbidden',
        details: { reason: 'insufficient_trust_level' },
      });
      expect(await take(boss, path)).toBe(true);
    }
  });

  test('is shown to who looks for a file in it', async () => {
    await ann.acquireLock({ paths: [`${dir}/api/`], reason: 'moving' });
    expect((await bob.checkLocks({ paths: [`${dir}/api/a.ts`] })).locks).toMatchObject([
      { path: `${dir}/api/`, agent: 'ann', reason: 'moving', shared: false, mine: false, waiting: 0 },
    ]);
    expect((await bob.checkLocks({ paths: [`${dir}/api`] })).locks).toEqual([]);
  });
});

describe('a named resource', () => {
  test('is locked like a file, and in the way of nothing else', async () => {
    const boss = await db.session('boss', { trust: 3, project: `names-${dir}` });
    const guest = await db.session('guest', { project: `names-${dir}` });
    expect(await take(boss, './')).toBe(true);
    expect(await take(guest, 'resource:port-5432', 'label:deploy')).toBe(true);
    expect(await take(boss, 'label:deploy')).toBe(false);
    expect(await take(boss, 'resource:deploy')).toBe(true);
  });
});

describe('a shared lock', () => {
  test('is held by several, each with a token of its own, and keeps writers out until the last has gone', async () => {
    const path = `${dir}/a.ts`;
    const tokens = [];
    for (const session of [ann, bob]) {
      const { locks } = await session.acquireLock({ paths: [path], shared: true });
      expect(locks).toMatchObject([{ path, shared: true, renewed: false }]);
      tokens.push(locks?.[0]?.token);
    }
    expect(tokens).toEqual([1, 2]);
    expect(await cid.acquireLock({ paths: [path] })).toMatchObject({ acquired: false, blocked_count: 2 });
    expect((await cid.checkLocks({ paths: [path] })).locks).toMatchObject([
      { agent: 'ann', shared: true, token: 1 },
      { agent: 'bob', shared: true, token: 2 },
    ]);
    expect(await ann.releaseLock({ paths: [path], tokens: [2] })).toMatchObject({
      not_held: [{ reason: 'stale_token' }],
    });
    expect(await ann.releaseLock({ paths: [path], tokens: [1] })).toMatchObject({ released: true });
    expect(await take(cid, path)).toBe(false);
    await bob.releaseLock({ paths: [path] });
    expect((await cid.acquireLock({ paths: [path] })).locks).toMatchObject([{ token: 3 }]);
    expect(await share(ann, path)).toBe(false);
  });

  test('is renewed with its token by repeating it', async () => {
    const path = `${dir}/a.ts`;
    await ann.acquireLock({ paths: [path], shared: true, reason: 'reading' });
    await share(bob, path);
    expect((await ann.acquireLock({ paths: [path], shared: true })).locks).toMatchObject([{ token: 1, renewed: true }]);
    expect((await bob.checkLocks({ paths: [path] })).locks).toMatchObject([
      { token: 1, reason: 'reading' },
      { token: 2 },
    ]);
  });

  test('of a tree lets others share files in it, and lock none', async () => {
    expect([await share(ann, `${dir}/`), await share(bob, `${dir}/a.ts`), await take(cid, `${dir}/b.ts`)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await take(ann, `${dir}/a.ts`)).toBe(false);
    expect(await take(ann, `${dir}/b.ts`)).toBe(true);
  });

  test('becomes exclusive for its only holder, and shared again, each time with a new token', async () => {
    const path = `${dir}/a.ts`;
    await share(ann, path);
    expect((await ann.acquireLock({ paths: [path] })).locks).toMatchObject([{ token: 2, renewed: false }]);
    expect(await share(bob, path)).toBe(false);
    expect((await ann.acquireLock({ paths: [path], shared: true })).locks).toMatchObject([{ token: 3, shared: true }]);
    expect([await share(bob, path), await take(ann, path)]).toEqual([true, false]);
  });

  test('of a session that has ended is gone, and one that has expired is reported when it goes to a writer', async () => {
    const path = `${dir}/a.ts`;
    await Promise.all([share(ann, path), share(bob, path)]);
    expect(await ann.endSession()).toMatchObject({ released_locks: 1 });
    await db.sql`update coord.lock_shares set expires_at = clock_timestamp() - interval '1 second' where path = ${path}`;
    expect(await bob.releaseLock({ paths: [path] })).toMatchObject({ not_held: [{ reason: 'lapsed' }] });
    expect(await take(cid, path)).toBe(true);
    const { notices } = await bob.getTaskBoard();
    expect(notices).toMatchObject([{ kind: 'lock_lapsed', path, taken_by: 'cid' }]);
  });
});
