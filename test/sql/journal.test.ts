import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { lapse, stopTrusting } from '../helpers/past.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;

interface Entry {
  operation: string;
  outcome: string;
  resource: string;
  agent: string | null;
}

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann', { trust: 4 });
  bob = await db.session('bob');
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The rows that something leaves, whether it is refused or not. */
async function rowsOf(act: () => Promise<unknown>): Promise<Entry[]> {
  const [last] = await db.sql`select coalesce(max(entry_id), 0)::integer as id from coord.journal`;
  await act().catch(() => {});
  const rows = await db.sql<Entry[]>`
    select operation, outcome, resource, agent from coord.journal where entry_id > ${last?.id} order by entry_id`;
  return [...rows];
}

/** `operation outcome resource agent` of the only row that something leaves. */
async function rowOf(act: () => Promise<unknown>): Promise<string> {
  const rows = await rowsOf(act);
  expect(rows).toHaveLength(1);
  const { operation, outcome, resource, agent } = rows[0] as Entry;
  return [operation, outcome, resource, agent].join(' ');
}

describe('one row is left', () => {
  // That every operation leaves one is the subject of every_operation.test.ts.
  test('by a change, and it names what has changed', async () => {
    const leaves = async (act: () => Promise<unknown>, expected: string | RegExp) =>
      expect(await rowOf(act)).toMatch(expected);
    await leaves(
      () => ann.registerSession({ working_on: 'tests' }),
      `register_session ok session:${ann.session_id} ann`,
    );
    await leaves(() => ann.heartbeat({ working_on: 'more' }), `heartbeat ok session:${ann.session_id} ann`);
    await leaves(() => ann.acquireLock({ paths: ['a.ts', 'b.ts', 'c.ts'] }), 'acquire_lock ok a.ts ann');
    await leaves(() => ann.acquireLock({ paths: ['a.ts'] }), 'acquire_lock ok a.ts ann');
    await leaves(() => ann.releaseLock({ paths: ['a.ts', 'b.ts'] }), /^release_lock ok .* ann$/);
    await leaves(() => ann.forceReleaseLock({ paths: ['c.ts'], reason: 'test' }), 'force_release_lock ok c.ts ann');
    await leaves(
      () => ann.submitWork({ title: 'one', max_attempts: 2, retry_seconds: 0 }),
      /^submit_work ok task:\S+ ann$/,
    );
    const { task, claim_token } = await ann.getWork();
    const claim = { task_id: String(task?.task_id), claim_token: Number(claim_token) };
    const of = `task:${claim.task_id} ann`;
    await leaves(() => ann.completeWork({ ...claim, success: false }), `complete_work ok ${of}`);
    await leaves(() => ann.getWork(), `get_work ok ${of}`);
    await leaves(() => ann.completeWork({ ...claim, claim_token: claim.claim_token + 1 }), `complete_work ok ${of}`);
    const { key_id } = await ann.createKey({ agent: 'cloud' });
    await leaves(() => ann.createKey({ agent: 'cloud' }), /^create_key ok key:\w{12} ann$/);
    await leaves(() => ann.revokeKey({ key_id }), `revoke_key ok key:${key_id} ann`);
    await leaves(() => ann.createProject({ project: 'new' }), 'create_project ok project:new ann');
    await leaves(() => ann.sweep(), 'sweep ok project ann');
    const cid = await db.session('cid');
    await leaves(() => cid.endSession(), `end_session ok session:${cid.session_id} cid`);
  });

  test('by a session that opens with the first call, beside the row of that call, and by none that is there', async () => {
    const call = (label: string, act: (coordinator: Coordinator) => Promise<unknown>) =>
      act(coordinatorOver(localTransport(db.database, 'test', { agent: 'dot', agent_type: 'test', trust: 2, label })));
    const [opened, ...more] = await rowsOf(() => call('one', (dot) => dot.submitWork({ title: 'from dot' })));
    expect(opened).toMatchObject({ operation: 'register_session', outcome: 'ok', agent: 'dot' });
    expect(opened?.resource).toMatch(/^session:/);
    expect(more).toMatchObject([{ operation: 'submit_work', agent: 'dot' }]);
    expect(await rowsOf(() => call('one', (dot) => dot.discoverAgents()))).toEqual([]);
    expect(await rowOf(() => call('two', (dot) => dot.discoverAgents()))).toMatch(
      /^register_session ok session:\S+ dot$/,
    );
    expect(await rowOf(() => call('three', (dot) => dot.registerSession()))).toMatch(/^register_session ok .* dot$/);
  });

  test('by a project that opens, and none when it is there', async () => {
    const open = () => db.database.call('open_project', { p_name: 'opened' });
    expect(await rowOf(open)).toBe('create_project ok project:opened ');
    expect(await rowsOf(open)).toEqual([]);
    expect(await ann.createProject({ project: 'opened' })).toEqual({ project: 'opened', created: false });
  });

  test('by a refusal', async () => {
    await ann.acquireLock({ paths: ['held.ts'] });
    expect(await rowOf(() => bob.acquireLock({ paths: ['held.ts', 'free.ts'] }))).toBe('acquire_lock held held.ts bob');
    expect(await rowOf(() => bob.releaseLock({ paths: ['held.ts'] }))).toBe('release_lock not_held held.ts bob');
    const { task_id } = await ann.submitWork({ title: 'refused' });
    const complete = () => bob.completeWork({ task_id, claim_token: 1 });
    expect(await rowOf(complete)).toBe(`complete_work conflict task:${task_id} bob`);
    expect(await rowOf(() => bob.createKey({ agent: 'x' }))).toBe(`create_key forbidden session:${bob.session_id} bob`);
    expect(await rowOf(() => bob.listKeys())).toBe(`list_keys forbidden session:${bob.session_id} bob`);
    const dead = await db.session('dead', { beats: true });
    await lapse(db, dead);
    const late = `acquire_lock unauthenticated session:${dead.session_id} dead`;
    expect(await rowOf(() => dead.acquireLock({ paths: ['x.ts'] }))).toBe(late);
  });

  test('by each session that a sweep ends, and one by the sweep itself', async () => {
    const dead = [await db.session('dead-1', { beats: true }), await db.session('dead-2', { beats: true })];
    await dead[0]?.acquireLock({ paths: ['x.ts', 'y.ts'] });
    await ann.sweep();
    for (const session of dead) await lapse(db, session);
    const rows = await rowsOf(() => ann.sweep());
    expect(rows.map(({ outcome, agent }) => [outcome, agent])).toEqual([
      ...dead.map(() => ['lapsed', null]),
      ['ok', 'ann'],
    ]);
  });
});

describe('no row is left', () => {
  test('by heartbeats that say nothing new, by an empty queue, and by input that was not understood', async () => {
    await stopTrusting(db, ann);
    expect(await rowsOf(() => ann.heartbeat())).toEqual([]);
    expect(await rowsOf(() => ann.getWork({ types: ['nothing'] }))).toEqual([]);
    expect(await rowsOf(() => ann.acquireLock({ paths: ['ok.ts', '../a.ts'] }))).toEqual([]);
  });
});

describe('the journal is append-only', () => {
  const attempts = ["update coord.journal set agent = 'x'", 'delete from coord.journal', 'truncate coord.journal'];
  const asOwner = attempts.map((attempt) => ['coord_owner', attempt] as const);

  test.each(asOwner)('for its owner: %s %s', async (role, attempt) => {
    await expect(as(role, attempt)).rejects.toMatchObject({ code: 'DNIED', message: 'the journal is append-only' });
  });

  test.each(attempts)('for the superuser: %s', async (attempt) => {
    await expect(db.sql.unsafe(attempt)).rejects.toMatchObject({ code: 'DNIED' });
  });

  const others = ['coord_app', 'coord_reader', 'service_role', 'authenticated', 'anon'];
  test.each(others.flatMap((role) => attempts.map((attempt) => [role, attempt] as const)))(
    'for %s: %s',
    async (role, attempt) => {
      await expect(as(role, attempt)).rejects.toMatchObject({ code: '42501' });
    },
  );

  async function as(role: string, statement: string): Promise<void> {
    await db.sql.begin(async (sql) => {
      await sql.unsafe(`set local role ${role}`);
      await sql.unsafe(statement);
    });
  }
});
