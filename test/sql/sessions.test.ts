import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';
import { lapse, stopTrusting } from '../helpers/past.ts';

let db: TestDatabase;
let project_id: number;

beforeAll(async () => {
  db = await cloneDatabase();
  project_id = await projectId(db);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const gone = {
  code: 'unauthenticated',
  details: { reason: 'session_ended' },
  hint: expect.stringContaining('Register'),
};

async function leaseOf(session_id: string): Promise<number> {
  const [row] = await db.sql<{ seconds: number }[]>`
    select extract(epoch from lease_expires_at - clock_timestamp())::float as seconds from coord.sessions
    where session_id = ${session_id}`;
  return Number(row?.seconds);
}

describe('a session that beats', () => {
  test('has a lease of 60 s, which every call renews', async () => {
    const ann = await db.session('ann', { beats: true });
    expect(await leaseOf(ann.session_id)).toBeLessThanOrEqual(60);
    await db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() + interval '10 seconds', fresh_until = '-infinity'
      where session_id = ${ann.session_id}`;
    await ann.checkLocks();
    expect(await leaseOf(ann.session_id)).toBeGreaterThan(55);
    expect(await leaseOf(ann.session_id)).toBeLessThanOrEqual(60);
  });

  test('is never trusted longer than its lease', async () => {
    const ann = await db.session('ann', { beats: true });
    await db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() + interval '10 seconds', fresh_until = '-infinity'
      where session_id = ${ann.session_id}`;
    await ann.checkLocks();
    const [row] = await db.sql`
      select fresh_until <= lease_expires_at as within from coord.sessions where session_id = ${ann.session_id}`;
    expect(row).toEqual({ within: true });
  });

  test('cannot come back once it has lapsed, not by a heartbeat and not by any call', async () => {
    const ann = await db.session('ann', { beats: true });
    await lapse(db, ann);
    for (const attempt of [
      () => ann.heartbeat(),
      () => ann.registerSession(),
      () => ann.checkLocks(),
      () => ann.endSession(),
    ]) {
      await expect(attempt()).rejects.toMatchObject(gone);
    }
    expect(await leaseOf(ann.session_id)).toBeLessThan(0);
  });

  test('does not look busy because its heartbeats come by themselves', async () => {
    const ann = await db.session('ann-idle', { beats: true });
    await db.sql`
      update coord.sessions set last_call_at = clock_timestamp() - interval '20 minutes' where session_id = ${ann.session_id}`;
    const bob = await db.session('bob');
    const presence = async () =>
      (await bob.discoverAgents()).agents.find(({ agent }) => agent === 'ann-idle')?.presence;
    await ann.heartbeat({ automatic: true });
    expect(await presence()).toBe('stale');
    await ann.heartbeat();
    expect(await presence()).toBe('active');
  });
});

describe('a session that does not beat', () => {
  test('lives by the time limits of what it holds', async () => {
    const ann = await db.session('ann');
    expect(await ann.heartbeat()).toMatchObject({ lease_expires_at: null });
    await stopTrusting(db, ann);
    expect(await ann.acquireLock({ paths: ['a.ts'] })).toMatchObject({ acquired: true });
  });
});

describe('ending a session', () => {
  test('frees everything at once and for good', async () => {
    const ann = await db.session('ann');
    const bob = await db.session('bob');
    await ann.acquireLock({ paths: ['x.ts', 'y.ts'] });
    await ann.submitWork({ title: 'task' });
    await ann.getWork();
    expect(await ann.endSession()).toEqual({ session_id: ann.session_id, released_locks: 2, returned_tasks: 1 });
    await expect(ann.acquireLock({ paths: ['x.ts'] })).rejects.toMatchObject(gone);
    await expect(ann.endSession()).rejects.toMatchObject(gone);
    expect(await bob.acquireLock({ paths: ['x.ts', 'y.ts'] })).toMatchObject({ acquired: true });
    expect(await bob.getWork()).toMatchObject({ claimed: true });
  });

  test('leaves its reason in the history of the agent', async () => {
    const ivy = await db.session('ivy');
    await ivy.endSession({ reason: 'the laptop is needed elsewhere' });
    const ann = await db.session('ann');
    expect((await ann.getAgentHistory({ agent: 'ivy', limit: 1 })).entries).toMatchObject([
      { operation: 'end_session', detail: { reason: 'the laptop is needed elsewhere', released_locks: 0 } },
    ]);
  });

  test('leaves the other sessions of the agent alone', async () => {
    const [one, other] = [await db.session('ann'), await db.session('ann')];
    await other.acquireLock({ paths: ['other.ts'] });
    expect(await one.endSession()).toMatchObject({ released_locks: 0 });
    expect((await other.checkLocks({ paths: ['other.ts'] })).locks[0]?.mine).toBe(true);
  });
});

describe('a standing session', () => {
  const standing = (label: string, agent = 'cli', trust = 2) =>
    speakAs(db, { project_id, agent, agent_type: 'cli', trust, label });

  test('is the same for every call of its agent and label, and another for any other', async () => {
    const idOf = async (label: string, agent?: string) => (await standing(label, agent).heartbeat()).session_id;
    const ids = [await idOf('one'), await idOf('one'), await idOf('two'), await idOf('one', 'other')];
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toBe(ids[1]);
  });

  test('is opened anew after it has ended', async () => {
    const before = await standing('again').heartbeat();
    await standing('again').endSession();
    const after = await standing('again').heartbeat();
    expect(after.session_id).not.toBe(before.session_id);
  });

  test('has the trust of whoever uses it now', async () => {
    await standing('trust', 'cli', 4).listKeys();
    await expect(standing('trust', 'cli', 2).listKeys()).rejects.toMatchObject({ code: 'forbidden' });
    await expect(standing('trust', 'cli', 0).checkLocks()).rejects.toMatchObject({ code: 'forbidden' });
  });
});

test('an agent has 200 sessions open at once, standing ones aside, and others are not concerned', async () => {
  const project = 'many-sessions';
  const sessions = [];
  for (let number = 0; number < 200; number++) sessions.push(await db.session('mallet', { project }));
  await expect(db.session('mallet', { project })).rejects.toMatchObject({ code: 'limit_exceeded' });
  await db.session('ann', { project });
  await sessions[0]?.endSession({});
  await db.session('mallet', { project });
});
