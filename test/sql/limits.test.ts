import type { Coordinator } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { beyond } from '../helpers/refusals.ts';

let db: TestDatabase;
let root: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  root = await db.session('root', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

type Limits = Pick<Parameters<Coordinator['setProfile']>[0], 'calls_per_hour' | 'max_locks' | 'max_files'>;

/** An agent with these limits. */
async function limit(agent: string, limits: Limits): Promise<string> {
  await root.setProfile({ profile: agent, trust: 2, ...limits });
  await root.assignProfile({ profile: agent, agent });
  return agent;
}

async function outcomes(calls: Promise<unknown>[]) {
  const settled = await Promise.allSettled(calls);
  const refusals = settled.filter((each) => each.status === 'rejected').map(({ reason }) => reason);
  return { done: settled.length - refusals.length, refusals };
}

describe('calls per hour', () => {
  test('are not waited for by who ends a session, because its subagents may wait for them with theirs in hand', async () => {
    const ann = await db.session(await limit('ending', { calls_per_hour: 100 }));
    await ann.checkLocks();
    await db.sql.begin(async (sql) => {
      await sql`select from coord.agent_usage where agent = 'ending' for update`;
      await ann.heartbeat();
      await ann.endSession();
    });
  });

  test('are never more than the limit, however many sessions call at once', async () => {
    const agent = await limit('busy', { calls_per_hour: 100 });
    const sessions = await Promise.all(Array.from({ length: 4 }, () => db.session(agent)));
    const calls = Array.from({ length: 160 }, (_, index) => (sessions[index % 4] as TestSession).checkLocks());
    const { done, refusals } = await outcomes(calls);
    console.log(`of 160 calls at once with a limit of 100, ${done} were let through`);
    expect(done).toBe(100);
    for (const refusal of refusals) expect(refusal).toEqual(beyond('calls_per_hour', { most: 100 }));
    expect(refusals[0].details.retry_after_seconds).toBeGreaterThan(3500);
  });

  test('count what the guardrails refuse, too', async () => {
    const ann = await db.session(await limit('forceful', { calls_per_hour: 3 }));
    const force = () => ann.submitWork({ title: 'x', input: { command: 'git push --force origin main' } });
    for (let call = 0; call < 3; call++) await expect(force()).rejects.toMatchObject({ code: 'forbidden' });
    await expect(force()).rejects.toEqual(beyond('calls_per_hour', { most: 3 }));
  });

  test('begin anew an hour after the first one', async () => {
    const ann = await db.session(await limit('patient', { calls_per_hour: 1 }));
    await ann.checkLocks();
    await expect(ann.checkLocks()).rejects.toEqual(beyond('calls_per_hour'));
    await db.sql`update coord.agent_usage set since = since - interval '1 hour' where agent = 'patient'`;
    await ann.checkLocks();
  });

  test('count one call that waits as one, and neither heartbeats nor looks at the profile', async () => {
    const ann = await db.session(await limit('waiting', { calls_per_hour: 2 }));
    await root.acquireLock({ paths: ['held.ts'] });
    expect(await ann.acquireLock({ paths: ['held.ts'], wait_seconds: 3 })).toMatchObject({ acquired: false });
    for (let beat = 0; beat < 3; beat++) await ann.heartbeat();
    expect((await ann.getMyProfile()).limits).toMatchObject([{ used: 1, left: 1 }]);
  });

  test('are those of the agent for whom a subagent works', async () => {
    const ann = await db.session(await limit('parent', { calls_per_hour: 3 }));
    const { session_id } = await ann.openSubagent({ name: 'child', agent_type: 'free' });
    const project_id = await projectId(db);
    const child = speakAs(db, { project_id, session_id, agent: 'parent', agent_type: 'test', trust: 2 });
    await child.checkLocks();
    await ann.checkLocks();
    await expect(child.checkLocks()).rejects.toEqual(beyond('calls_per_hour'));
    await expect(ann.checkLocks()).rejects.toEqual(beyond('calls_per_hour'));
  });
});

describe('locks at once', () => {
  test('are never more than the limit over all sessions of the agent, which may take others after it released', async () => {
    const agent = await limit('holder', { max_locks: 5 });
    const sessions = await Promise.all(Array.from({ length: 3 }, () => db.session(agent)));
    const take = (index: number) => (sessions[index % 3] as TestSession).acquireLock({ paths: [`held/${index}.ts`] });
    const { done, refusals } = await outcomes(Array.from({ length: 12 }, (_, index) => take(index)));
    expect(done).toBe(5);
    expect(refusals[0]).toEqual(beyond('max_locks', { most: 5, used: 5 }));
    const [mine] = (await root.checkLocks()).locks.filter((lock) => lock.agent === agent);
    const owner = sessions.find(({ session_id }) => session_id === mine?.session_id) as TestSession;
    expect(await owner.acquireLock({ paths: [String(mine?.path)] })).toMatchObject({ acquired: true });
    await owner.releaseLock({ paths: [String(mine?.path)] });
    await owner.acquireLock({ paths: ['held/next.ts'], shared: true });
    await expect(owner.acquireLock({ paths: ['held/more.ts'], shared: true })).rejects.toEqual(beyond('max_locks'));
  });

  test('are not exceeded by a task that declares paths: it is left to others', async () => {
    const ann = await db.session(await limit('claimer', { max_locks: 1 }));
    await root.submitWork({ title: 'two files', type: 'wide', paths: ['wide/a.ts', 'wide/b.ts'] });
    expect(await ann.getWork({ types: ['wide'] })).toMatchObject({ claimed: false });
    await root.submitWork({ title: 'one file', type: 'narrow', paths: ['narrow/a.ts'] });
    expect(await ann.getWork({ types: ['narrow'] })).toMatchObject({ claimed: true });
    expect(await root.getWork({ types: ['wide'] })).toMatchObject({ claimed: true });
  });
});

describe('files within an hour', () => {
  test('are counted once each, by grants of a lock for oneself alone', async () => {
    const ann = await db.session(await limit('editor', { max_files: 2 }));
    await root.acquireLock({ paths: ['taken.ts'] });
    expect(await ann.acquireLock({ paths: ['taken.ts'] })).toMatchObject({ acquired: false });
    for (let again = 0; again < 3; again++) {
      await ann.acquireLock({ paths: ['edited/a.ts'] });
      await ann.releaseLock({ paths: ['edited/a.ts'] });
    }
    await ann.acquireLock({ paths: ['edited/'], shared: true });
    await ann.acquireLock({ paths: ['resource:port-5432'] });
    await ann.acquireLock({ paths: ['./edited/b.ts'] });
    await expect(ann.acquireLock({ paths: ['edited/c.ts'] })).rejects.toEqual(
      beyond('max_files', { most: 2, used: 2 }),
    );
    await db.sql`update coord.agent_files set locked_at = locked_at - interval '1 hour' where path = 'edited/a.ts'`;
    await ann.acquireLock({ paths: ['edited/c.ts'] });
  });

  test('have no end in a tree or a glob, which such an agent cannot lock alone', async () => {
    const ann = await db.session(await limit('forester', { max_files: 9 }));
    for (const path of ['forest/', 'forest/*.ts'])
      await expect(ann.acquireLock({ paths: [path] })).rejects.toEqual(beyond('max_files'));
  });

  test('that a task declares count, too', async () => {
    const ann = await db.session(await limit('tasked', { max_files: 1 }));
    await root.submitWork({ title: 'files', type: 'filed', paths: ['filed/a.ts'] });
    expect(await ann.getWork({ types: ['filed'] })).toMatchObject({ claimed: true });
    await expect(ann.acquireLock({ paths: ['filed/b.ts'] })).rejects.toEqual(beyond('max_files'));
  });
});
