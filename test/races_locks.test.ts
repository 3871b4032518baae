import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { call, Racers } from './helpers/racers.ts';

const crowd = 24;

interface LockAnswer {
  acquired: boolean;
  position?: number;
  deadlock?: true;
  locks?: { path: string; token: number }[];
}

let db: TestDatabase;
let racers: Racers;
let sessions: TestSession[];
let projectId: number;

beforeAll(async () => {
  db = await cloneDatabase();
  racers = await Racers.open(db, crowd);
  sessions = await Promise.all(Array.from({ length: crowd }, (_, index) => db.session(`racer-${index}`)));
  projectId = (await db.database.call('open_project', { p_name: 'test' })) as number;
});

afterAll(async () => {
  await racers?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

const p_caller = (session: TestSession) => ({ project_id: projectId, session_id: session.session_id });
const acquire = (session: TestSession, paths: string[], more: Record<string, unknown> = {}) =>
  call('acquire_lock', { p_caller: p_caller(session), p_paths: paths, ...more });
const release = (session: TestSession, paths: string[]) =>
  call('release_lock', { p_caller: p_caller(session), p_paths: paths });

/** Pairs of live locks of different sessions that overlap and are not both shared: must be none, ever. */
async function overlapsOfOthers() {
  return db.sql`
    with held as (
      select project_id, path, session_id, false as shared from coord.locks
      where session_id is not null and expires_at > clock_timestamp()
      union all
      select project_id, path, session_id, true from coord.lock_shares where expires_at > clock_timestamp()
    )
    select a.path, b.path as other from held a join held b on a.project_id = b.project_id
    where a.session_id < b.session_id and not (a.shared and b.shared) and coord._overlaps(a.path, b.path)`;
}

/** Until a call of the operation waits for a row, five seconds at most. */
async function waiting({ sql }: TestDatabase, operation: string): Promise<void> {
  for (const until = Date.now() + 5000; Date.now() < until; ) {
    const rows = await sql`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like ${`%coord.${operation}(%`}`;
    if (rows.length > 0) return;
  }
}

describe('files against trees and globs', () => {
  const files = ['a', 'b', 'c'].map((name) => `race/${name}.ts`);
  const scopes = ['race/', 'race/*.ts', 'race/**/b.*'];

  test('that are taken at the same instant never have two holders, in 40 rounds', async () => {
    let grants = 0;
    let random = 11;
    for (let round = 0; round < 40; round++) {
      const wanted = sessions.map((_, index) => {
        random = (random * 48_271) % 2_147_483_647;
        const list = index % 6 === 0 ? scopes : files;
        return [list[random % list.length] as string];
      });
      const statements = sessions.map((session, index) =>
        acquire(session, wanted[index] as string[], index % 5 === 0 ? { p_shared: true } : {}),
      );
      const answers = await racers.run<LockAnswer>(statements);
      expect(await overlapsOfOthers()).toEqual([]);
      const winners = sessions.flatMap((session, index) => (answers[index]?.acquired ? [{ session, index }] : []));
      expect(winners.length).toBeGreaterThan(0);
      grants += winners.length;
      // Some let go together with the next who reach for them; the others before.
      const late = winners.filter((_, place) => place % 2 === 0);
      for (const { session, index } of winners) {
        if (!late.some((one) => one.index === index)) await session.releaseLock({ paths: wanted[index] as string[] });
      }
      await racers.run([
        ...late.map(({ session, index }) => release(session, wanted[index] as string[])),
        ...sessions.slice(0, crowd - late.length).map((session) => acquire(session, ['race/a.ts'])),
      ]);
      expect(await overlapsOfOthers()).toEqual([]);
      for (const session of sessions) await session.releaseLock({ paths: ['race/a.ts'] });
    }
    expect(grants).toBeGreaterThan(40);
    const held = await db.sql`select path from coord.locks where path like 'race/%' and session_id is not null`;
    expect(held).toEqual([]);
  }, 60_000);

  test('one file of a tree is taken fast while the tree is taken: one of the two is refused', async () => {
    const [one, other] = sessions as [TestSession, TestSession];
    for (let round = 0; round < 60; round++) {
      await one.acquireLock({ paths: ['duel/a.ts'] });
      await one.releaseLock({ paths: ['duel/a.ts'] });
      const answers = await racers.run<LockAnswer>([acquire(one, ['duel/a.ts']), acquire(other, ['duel/'])]);
      expect(answers.filter(({ acquired }) => acquired)).toHaveLength(1);
      await one.releaseLock({ paths: ['duel/a.ts'] });
      await other.releaseLock({ paths: ['duel/'] });
    }
  }, 60_000);
});

describe('waiting', () => {
  test('those who reach for one lock at once are served each once, in the order of their places', async () => {
    const paths = ['queue.ts'];
    const waiting = { p_wait_seconds: 60 };
    const first = await racers.run<LockAnswer>(sessions.map((session) => acquire(session, paths, waiting)));
    expect(first.filter(({ acquired }) => acquired)).toHaveLength(1);
    const places = first.flatMap(({ position }) => position ?? []);
    expect(places.sort((a, b) => a - b)).toEqual(Array.from({ length: crowd - 1 }, (_, index) => index + 1));
    let holder = first.findIndex(({ acquired }) => acquired);
    let order = first.map(({ position }, index) => ({ index, position })).filter(({ position }) => position);
    order = order.sort((a, b) => Number(a.position) - Number(b.position));
    for (const { index } of order) {
      await sessions[holder]?.releaseLock({ paths });
      const rest = order.slice(order.findIndex((one) => one.index === index));
      const answers = await racers.run<LockAnswer>(
        rest.map((one) => acquire(sessions[one.index] as TestSession, paths, waiting)),
      );
      // The racers' connections differ from the sessions; the first of the rest is the one whose turn it is.
      expect(answers.map(({ acquired }) => acquired)).toEqual(rest.map((one) => one.index === index));
      holder = index;
    }
    await sessions[holder]?.releaseLock({ paths });
  }, 60_000);

  test('of two who begin to wait for each other at the same instant, one is told of the deadlock', async () => {
    const [one, other] = sessions as [TestSession, TestSession];
    for (let round = 0; round < 20; round++) {
      const [left, right] = [`pair/${round}/l.ts`, `pair/${round}/r.ts`];
      await one.acquireLock({ paths: [left] });
      await other.acquireLock({ paths: [right] });
      const answers = await racers.run<LockAnswer>([
        acquire(one, [right], { p_wait_seconds: 60 }),
        acquire(other, [left], { p_wait_seconds: 60 }),
      ]);
      expect(answers.filter(({ deadlock }) => deadlock)).toHaveLength(1);
      expect(answers.filter(({ acquired }) => acquired)).toHaveLength(0);
    }
  });

  test('sessions that end while others take what they hold leave nothing behind and close no circle', async () => {
    for (let round = 0; round < 10; round++) {
      const paths = ['a', 'b', 'c', 'd'].map((name) => `end/${round}/${name}.ts`);
      const dying = await Promise.all(
        paths.map((path) =>
          db.session(`dying-${path.length}`).then(async (session) => {
            await session.acquireLock({ paths: [path] });
            return session;
          }),
        ),
      );
      const takers = sessions.slice(0, 6);
      const answers = await racers.run<LockAnswer>([
        ...dying.map((session) => call('end_session', { p_caller: p_caller(session) })),
        ...takers.map((session, index) => acquire(session, index % 2 ? paths : [`end/${round}/`])),
      ]);
      expect(answers.slice(dying.length).filter(({ acquired }) => acquired).length).toBeLessThanOrEqual(1);
      expect(await overlapsOfOthers()).toEqual([]);
    }
  });
});

test('a shared lock that becomes exclusive while its session releases it is released', async () => {
  const [one] = sessions as [TestSession];
  const paths = ['upgraded.ts'];
  await one.acquireLock({ paths, shared: true });
  const upgrade = await db.sql.reserve();
  try {
    await upgrade`begin`;
    await upgrade.unsafe(acquire(one, paths));
    const released = one.releaseLock({ paths });
    await waiting(db, 'release_lock');
    await upgrade`commit`;
    expect(await released).toMatchObject({ released: true });
    expect((await one.checkLocks({ paths })).locks).toEqual([]);
  } finally {
    upgrade.release();
  }
});

test('a shared lock that is renewed while its session releases it comes back with nobody else’s token', async () => {
  const [one, other] = sessions as [TestSession, TestSession];
  const paths = ['renewed/'];
  for (const session of [one, other]) await session.acquireLock({ paths, shared: true });
  // The renewal has to wait in its middle, after it has seen what the session holds.
  const brake = await db.sql.reserve();
  try {
    await brake`begin`;
    await brake`delete from coord.lock_scopes where path = ${paths[0] as string}`;
    const renewed = one.acquireLock({ paths, shared: true });
    await waiting(db, 'acquire_lock');
    const released = one.releaseLock({ paths });
    await waiting(db, 'release_lock');
    await brake`rollback`;
    expect(await renewed).toMatchObject({ locks: [{ token: 1, renewed: true }] });
    expect(await released).toMatchObject({ released: true });
    expect((await one.checkLocks({ paths })).locks).toMatchObject([{ agent: 'racer-1', token: 2 }]);
  } finally {
    brake.release();
  }
});
