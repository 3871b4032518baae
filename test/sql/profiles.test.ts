import { type Coordinator, operations } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { beyond, notPermitted, refused } from '../helpers/refusals.ts';

let db: TestDatabase;
let root: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  root = await db.session('root', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

let agents = 0;

/** A living session that has made a call, of an agent that nobody else is. */
async function worker(): Promise<TestSession & { agent: string }> {
  const agent = `worker-${++agents}`;
  const session = await db.session(agent);
  await session.checkLocks();
  return { ...session, agent };
}

type Limits = Omit<Parameters<Coordinator['setProfile']>[0], 'profile' | 'trust'> & { trust?: number };

/** A living session whose agent gets a profile of its own afterwards. */
async function limited(limits: Limits): Promise<TestSession & { agent: string }> {
  const session = await worker();
  const profile = session.agent;
  await root.setProfile({ profile, trust: 2, ...limits });
  expect(await root.assignProfile({ profile, agent: session.agent })).toMatchObject({ changed_sessions: 1 });
  return session;
}

/** An administrator by key, who is another one than the command line. */
async function keyed(agent: string, trust = 4) {
  const { key_id } = await root.createKey({ agent, trust });
  return speakAs(db, { key_id, project_id: await projectId(db) });
}

describe('a profile', () => {
  test('is there from the start in six kinds, of which the default takes nothing away', async () => {
    const { profiles, assignments } = await root.listProfiles();
    expect(profiles.map(({ profile, trust, max_files }) => [profile, trust, max_files])).toEqual([
      ['default', 4, null],
      ['claude_code', 3, 100],
      ['codex_cloud', 2, 50],
      ['orchestrator', 3, 200],
      ['web_implementer', 2, 50],
      ['web_reviewer', 1, 0],
    ]);
    expect(assignments).toEqual([]);
    expect(await (await worker()).getMyProfile()).toMatchObject({ profile: 'default', trust: 2, limits: [] });
  });

  test('takes trust away at once, and gives none', async () => {
    const ann = await worker();
    await root.assignProfile({ profile: 'web_reviewer', agent: ann.agent });
    await expect(ann.acquireLock({ paths: ['a.ts'] })).rejects.toEqual(notPermitted);
    expect(await ann.getMyProfile()).toMatchObject({ trust: 1, credential_trust: 2, source: 'agent' });
    await root.setProfile({ profile: 'low', trust: 1 });
    await root.assignProfile({ profile: 'low', agent: ann.agent });
    await expect(ann.submitWork({ title: 'x' })).rejects.toEqual(refused('forbidden', 'insufficient_trust_level'));
    await root.assignProfile({ profile: 'orchestrator', agent: ann.agent });
    expect(await ann.getMyProfile()).toMatchObject({ trust: 2 });
    await root.unassignProfile({ agent: ann.agent });
    expect(await ann.getMyProfile()).toMatchObject({ profile: 'default', source: 'default' });
  });

  test('of the agent goes before that of its kind, whatever kind the session says it is', async () => {
    const ann = await worker();
    await root.setProfile({ profile: 'kind', trust: 1 });
    await root.assignProfile({ profile: 'kind', agent_type: 'test' });
    await ann.registerSession({ agent_type: 'orchestrator' });
    expect(await ann.getMyProfile()).toMatchObject({ profile: 'kind', source: 'agent_type', trust: 1 });
    expect(await (await db.session('later')).getMyProfile()).toMatchObject({ profile: 'kind' });
    await root.assignProfile({ profile: 'orchestrator', agent: ann.agent });
    expect(await ann.getMyProfile()).toMatchObject({ profile: 'orchestrator', source: 'agent' });
    await root.unassignProfile({ agent_type: 'test' });
  });

  test('permits what it lists by operation, toolset or kind, and nothing that it blocks', async () => {
    const ann = await limited({ allowed_operations: ['read', 'locks'], blocked_operations: ['release_lock'] });
    await ann.listTasks();
    await ann.acquireLock({ paths: ['listed.ts'] });
    await expect(ann.releaseLock({ paths: ['listed.ts'] })).rejects.toEqual(notPermitted);
    await expect(ann.submitWork({ title: 'x' })).rejects.toEqual(notPermitted);
    const { allowed_operations, blocked_operations } = await ann.getMyProfile();
    expect({ allowed_operations, blocked_operations }).toEqual({
      allowed_operations: ['read', 'locks'],
      blocked_operations: ['release_lock'],
    });
  });

  test('of an operation holds for several at once, and a permission for one does not', async () => {
    const blocked = await limited({ blocked_operations: ['get_work', 'submit_work'] });
    const permitted = await limited({ allowed_operations: ['get_work', 'submit_work'] });
    for (const ann of [blocked, permitted]) {
      for (const call of [
        () => ann.getWorkBatch({ count: 2 }),
        () => ann.submitWorkBatch({ tasks: [{ title: 'x' }] }),
      ]) {
        await expect(call()).rejects.toMatchObject({ details: { reason: 'operation_not_permitted' } });
      }
    }
  });

  test('never keeps a session from saying who it is and living on', async () => {
    const ann = await limited({ allowed_operations: ['check_locks'], blocked_operations: ['write', 'read'] });
    await ann.registerSession();
    await ann.heartbeat();
    await ann.getMyProfile();
    await ann.endSession();
  });

  test('takes no word that means nothing', async () => {
    for (const field of ['allowed_operations', 'blocked_operations'] as const)
      await expect(root.setProfile({ profile: 'x', trust: 2, [field]: ['lock'] })).rejects.toMatchObject({
        code: 'invalid_input',
        message: `${field}: there is no operation or toolset lock`,
      });
    const words = new Set(operations.flatMap(({ name, toolset, kind }) => [`o ${name}`, `t ${toolset}`, `k ${kind}`]));
    const plain = [...words].map((word) => word.slice(2));
    expect(new Set(plain).size).toBe(plain.length);
  });

  test('is not deleted while somebody has it, and the default one never', async () => {
    await root.setProfile({ profile: 'gone', trust: 2 });
    await root.assignProfile({ profile: 'gone', agent_type: 'nobody' });
    await expect(root.deleteProfile({ profile: 'gone' })).rejects.toEqual(refused('conflict', 'profile_in_use'));
    await expect(root.deleteProfile({ profile: 'default' })).rejects.toEqual(refused('conflict', 'profile_in_use'));
    await root.unassignProfile({ agent_type: 'nobody' });
    await root.deleteProfile({ profile: 'gone' });
    await expect(root.assignProfile({ profile: 'gone', agent: 'x' })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is changed by one journal row, which says what it is now', async () => {
    await root.setProfile({ profile: 'told', trust: 2, max_files: 7, blocked_operations: ['sweep'] });
    const [row] = await db.sql`select resource, detail from coord.journal order by entry_id desc limit 1`;
    expect(row).toEqual({
      resource: 'profile:told',
      detail: { profile: 'told', trust: 2, max_files: 7, blocked_operations: ['sweep'] },
    });
  });

  test('does not bind the command line of the machine, so that nobody is locked out for good', async () => {
    await root.setProfile({ profile: 'default', trust: 0 });
    expect(await root.getMyProfile()).toMatchObject({ profile: null, source: 'local administrator', trust: 4 });
    await expect((await keyed('locked-out')).listProfiles()).rejects.toEqual(
      refused('forbidden', 'insufficient_trust_level'),
    );
    await root.setProfile({ profile: 'default', trust: 4 });
    await (await keyed('locked-in')).listProfiles();
  });
});

describe('nobody raises himself', () => {
  test('below trust 4 nobody touches profiles', async () => {
    const elevated = await keyed('elevated', 3);
    const tried = [
      () => elevated.setProfile({ profile: 'default', trust: 4 }),
      () => elevated.assignProfile({ profile: 'default', agent: 'elevated' }),
      () => elevated.unassignProfile({ agent: 'elevated' }),
      () => elevated.resumeAgent({ agent: 'elevated' }),
      () => elevated.suspendAgent({ agent: 'root' }),
      () => elevated.deleteProfile({ profile: 'orchestrator' }),
    ];
    for (const attempt of tried)
      await expect(attempt()).rejects.toEqual(refused('forbidden', 'insufficient_trust_level'));
  });

  test('an administrator whom a profile limits changes none, and makes no key that would have more', async () => {
    const boss = await keyed('boss');
    await root.setProfile({ profile: 'busy', trust: 4, calls_per_hour: 100 });
    await root.assignProfile({ profile: 'busy', agent: 'boss' });
    const { key_id } = await root.createKey({ agent: 'spare' });
    const tried = [
      () => boss.setProfile({ profile: 'busy', trust: 4 }),
      () => boss.assignProfile({ profile: 'default', agent: 'boss' }),
      () => boss.unassignProfile({ agent: 'boss' }),
      () => boss.createKey({ agent: 'other', trust: 4 }),
      () => boss.rotateKey({ key_id }),
    ];
    for (const attempt of tried) await expect(attempt()).rejects.toEqual(notPermitted);
    await root.unassignProfile({ agent: 'boss' });
    await boss.setProfile({ profile: 'busy', trust: 4 });
  });
});

describe('a session', () => {
  test('lives no longer than its profile says, also one that lives already', async () => {
    const ann = await limited({ session_seconds: 60 });
    const { ends_at, limits } = await ann.getMyProfile();
    expect(Date.parse(String(ends_at))).toBeLessThan(Date.now() + 61_000);
    expect(limits).toMatchObject([{ limit: 'session_seconds', most: 60 }]);
    await db.sql`update coord.sessions set started_at = started_at - interval '61 seconds' where session_id = ${ann.session_id}`;
    await root.setProfile({ profile: ann.agent, trust: 2, session_seconds: 61 });
    await expect(ann.checkLocks()).rejects.toEqual(refused('unauthenticated', 'session_ended'));
  });

  test('that has no restrictions stays fresh: its calls write no row', async () => {
    const ann = await worker();
    await root.setProfile({ profile: 'unrelated', trust: 2, calls_per_hour: 5 });
    const row = () => db.sql`select xmin::text, fresh_until > clock_timestamp() as fresh from coord.sessions
      where session_id = ${ann.session_id}`;
    const before = await row();
    await ann.checkLocks();
    expect(before).toMatchObject([{ fresh: true }]);
    expect(await row()).toEqual(before);
  });
});

test('no session is opened by a profile that is changed at the same time, and missed', async () => {
  const project = 'races';
  const chief = await db.session('chief', { project, trust: 4 });
  const changes = Array.from({ length: 20 }, (_, round) => async () => {
    await chief.setProfile({ profile: 'default', trust: round % 2 === 0 ? 1 : 3 });
  });
  const opened = Array.from({ length: 60 }, (_, index) => db.session(`racer-${index}`, { project, trust: 3 }));
  for (const change of changes) await change();
  const sessions = await Promise.all(opened);
  const subagents = sessions.slice(0, 20).map((session) => session.openSubagent({ name: 'late' }).catch(() => {}));
  await chief.setProfile({ profile: 'default', trust: 2 });
  await Promise.all(subagents);
  const rows = await db.sql`
    select distinct trust from coord.sessions where project_id = ${await projectId(db, project)} and agent like 'racer-%'`;
  expect(rows).toEqual([{ trust: 2 }]);
});

test('the limits are told as they are used', async () => {
  const ann = await limited({ calls_per_hour: 10, max_locks: 3, max_files: 4 });
  await ann.acquireLock({ paths: ['told/a.ts', 'told/b.ts'] });
  await ann.releaseLock({ paths: ['told/b.ts'] });
  const { limits } = await ann.getMyProfile();
  expect(limits).toEqual([
    { limit: 'calls_per_hour', most: 10, used: 2, left: 8, resets_at: expect.any(String) },
    { limit: 'max_files', most: 4, used: 2, left: 2, resets_at: null },
    { limit: 'max_locks', most: 3, used: 1, left: 2, resets_at: null },
  ]);
  await expect(ann.acquireLock({ paths: ['1', '2', '3'] })).rejects.toEqual(beyond('max_locks', { most: 3, used: 1 }));
});
