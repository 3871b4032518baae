import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Coordinator, operationNamed } from '@agentcoord/contract';
import type { Database } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cedarEngine } from '../packages/core/src/policies/index.ts';
import { projectId } from './helpers/callers.ts';
import { speakThrough, withCedar } from './helpers/cedar.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

let db: TestDatabase;
let cedar: Database;
let root: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  cedar = withCedar(db);
  root = await db.session('root', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** A new session in a project, speaking through a process with Cedar. */
async function agentIn(project: string, agent = 'ann', trust = 2 as const, database = cedar): Promise<Coordinator> {
  const { session_id } = await db.session(agent, { project, trust });
  return speakThrough(db, database, { project_id: await projectId(db, project), session_id } as never);
}

/** An administrator of a project, through the same process, whose changes that process knows of at once. */
async function administratorIn(project: string): Promise<Coordinator> {
  const { session_id } = await db.session('boss', { project, trust: 4 });
  return speakThrough(db, cedar, { project_id: await projectId(db, project), session_id } as never);
}

/** Resolves once it is true. */
async function until(isTrue: () => Promise<boolean>, timeout: number): Promise<void> {
  await expect.poll(isTrue, { timeout, interval: 50 }).toBe(true);
}

const forbidLocks = 'forbid (principal, action == Action::"acquire_lock", resource)';

describe('a stored policy', () => {
  test('takes away what the default ones allow, in its project only, and names itself', async () => {
    const boss = await administratorIn('first');
    const [ann, neighbour] = [await agentIn('first'), await agentIn('second')];
    await boss.setCedarPolicy({ policy: 'no-locks', policy_text: `${forbidLocks};` });
    await expect(ann.acquireLock({ paths: ['a.ts'] })).rejects.toMatchObject({
      code: 'forbidden',
      details: { reason: 'operation_not_permitted', policies: ['no-locks'] },
    });
    expect((await ann.checkLocks()).locks).toEqual([]);
    expect((await neighbour.acquireLock({ paths: ['a.ts'] })).acquired).toBe(true);
    await boss.deleteCedarPolicy({ policy: 'no-locks' });
    expect((await ann.acquireLock({ paths: ['a.ts'] })).acquired).toBe(true);
  });

  test('gives nobody what the database refuses', async () => {
    const boss = await administratorIn('generous');
    await boss.setCedarPolicy({ policy: 'all', policy_text: 'permit (principal, action, resource);' });
    const ann = await agentIn('generous');
    const refusal = ann.createKey({ agent: 'x' });
    await expect(refusal).rejects.toMatchObject({ details: { reason: 'insufficient_trust_level' } });
  });

  test('sees files in their one form, however they are spelled, and lets others pass', async () => {
    const boss = await administratorIn('files');
    const when = 'when { resource is File && resource.path like "src/pay/*" }';
    await boss.setCedarPolicy({ policy: 'pay', policy_text: `${forbidLocks} ${when};` });
    const ann = await agentIn('files');
    for (const path of ['src/pay/a.ts', './src/pay/a.ts', 'src//x/../pay/a.ts', 'src\\pay\\a.ts']) {
      await expect(ann.acquireLock({ paths: ['src/b.ts', path] }), path).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect((await ann.acquireLock({ paths: ['src/b.ts', 'src/payments.ts'] })).acquired).toBe(true);
  });

  test('reads the input of the call', async () => {
    const boss = await administratorIn('inputs');
    const when = 'when { context has input && context.input has ttl_seconds && context.input.ttl_seconds > 3600 }';
    await boss.setCedarPolicy({ policy: 'short', policy_text: `${forbidLocks} ${when};` });
    const ann = await agentIn('inputs');
    await expect(ann.acquireLock({ paths: ['a.ts'], ttl_seconds: 3601 })).rejects.toMatchObject({ code: 'forbidden' });
    expect((await ann.acquireLock({ paths: ['a.ts'], ttl_seconds: 3600 })).acquired).toBe(true);
  });

  test('takes the place of the default one of its name', async () => {
    const boss = await administratorIn('replacing');
    const text = 'permit (principal, action in Action::"trust_2", resource) when { principal.name == "bob" };';
    await boss.setCedarPolicy({ policy: 'trust_2', policy_text: text });
    const [ann, bob] = [await agentIn('replacing'), await agentIn('replacing', 'bob')];
    await expect(ann.submitWork({ title: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
    expect((await bob.submitWork({ title: 'x' })).task_id).toBeDefined();
  });

  test('of all projects is set on the machine only, and holds beside one of the same name', async () => {
    const boss = await administratorIn('everywhere');
    const all = { policy: 'freeze', policy_text: 'forbid (principal, action == Action::"log_decision", resource);' };
    await boss.setCedarPolicy({ ...all, all_projects: true });
    await boss.setCedarPolicy({ policy: 'freeze', policy_text: `${forbidLocks};` });
    const ann = await agentIn('everywhere');
    const decision = { type: 'x', context: 'x', reason: 'x' };
    await expect(ann.logDecision(decision)).rejects.toMatchObject({ details: { policies: ['all:freeze'] } });
    await expect(ann.acquireLock({ paths: ['a'] })).rejects.toMatchObject({ details: { policies: ['freeze'] } });
    await expect((await agentIn('elsewhere')).logDecision(decision)).rejects.toMatchObject({ code: 'forbidden' });
    const { key_id } = await root.createKey({ agent: 'remote', trust: 4 });
    const remote = speakThrough(db, cedar, { key_id, project_id: await projectId(db) });
    const refused = remote.deleteCedarPolicy({ policy: 'freeze', all_projects: true });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    await boss.deleteCedarPolicy({ policy: 'freeze', all_projects: true });
    expect((await ann.logDecision(decision)).decision_id).toBeDefined();
  });

  test('is in force in every other process within 5 s, and so is its end', async () => {
    const elsewhere = withCedar(db);
    const boss = await administratorIn('spreading');
    const ann = await agentIn('spreading', 'ann', 2, elsewhere);
    const mayLock = () => ann.checkPolicy({ operation: 'acquire_lock' }).then(({ allowed }) => allowed);
    expect(await mayLock()).toBe(true);
    for (const expected of [false, true]) {
      if (expected) await boss.rollbackCedarPolicies({ version: 0 });
      else await boss.setCedarPolicy({ policy: 'no-locks', policy_text: `${forbidLocks};` });
      const begun = performance.now();
      await until(async () => (await mayLock()) === expected, 6000);
      expect(performance.now() - begun).toBeLessThan(5500);
    }
  });
});

describe('changing policies', () => {
  test('is for administrators, journalled, and makes a version each time', async () => {
    const boss = await administratorIn('versions');
    const ann = await agentIn('versions');
    await expect(ann.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks};` })).rejects.toMatchObject({
      details: { reason: 'insufficient_trust_level' },
    });
    expect((await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks};` })).version).toBe(1);
    expect(await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks} when { true };` })).toMatchObject({
      ...{ version: 2, replaced: true },
    });
    expect(await boss.rollbackCedarPolicies({ version: 1 })).toMatchObject({ version: 3, from_version: 2 });
    const { policies, versions } = await boss.listCedarPolicies();
    expect(policies.filter((one) => !one.all_projects)).toEqual([
      { policy: 'x', policy_text: `${forbidLocks};`, all_projects: false },
    ]);
    expect(versions.filter((one) => !one.all_projects).map(({ change }) => change)).toEqual([
      ...['rollback to 1', 'set x', 'set x'],
    ]);
    await expect(boss.rollbackCedarPolicies({ version: 9 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(boss.deleteCedarPolicy({ policy: 'y' })).rejects.toMatchObject({ code: 'not_found' });
    const rows = await db.sql<{ operation: string; outcome: string }[]>`
      select j.operation, j.outcome from coord.journal j join coord.projects p using (project_id)
      where p.name = 'versions' and j.operation like '%cedar%' order by entry_id`;
    expect(rows.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      'set_cedar_policy forbidden',
      'set_cedar_policy ok',
      'set_cedar_policy ok',
      'rollback_cedar_policies ok',
      'rollback_cedar_policies not_found',
      'delete_cedar_policy not_found',
    ]);
  });

  test('two at once: one of them is stored, or both one after the other, and none is lost', async () => {
    const boss = await administratorIn('racing');
    const names = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const outcomes = await Promise.allSettled(
      names.map((policy) => boss.setCedarPolicy({ policy, policy_text: `${forbidLocks};` })),
    );
    const stored = names.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    const { policies } = await boss.listCedarPolicies();
    expect(policies.filter((one) => !one.all_projects).map(({ policy }) => policy)).toEqual(stored);
    expect(stored.length).toBeGreaterThan(0);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
    }
  });

  test.each([
    ['a syntax error', 'permit (principal, action\n resource);', 2, 'unexpected token `resource`'],
    ['an attribute that is not there', 'permit (principal, action, resource)\nwhen {\n principal.age > 1 };', 3, 'age'],
    ['an unknown operation', 'permit (principal, action == Action::"fly", resource);', 1, 'fly'],
    ['two policies in one', `${forbidLocks};\n${forbidLocks};`, 2, 'unexpected token `forbid`'],
    [
      'one that can never apply',
      'permit (principal, action == Action::"create_key", resource is Task);',
      1,
      'applicable',
    ],
    ['a template', 'permit (principal == ?principal, action, resource);', null, 'template'],
  ])('refuses %s, and names policy, line and problem', async (_, policy_text, line, words) => {
    const boss = await administratorIn('invalid');
    const { valid, problems } = await boss.validateCedarPolicy({ policy_text, policy: 'mine' });
    expect(valid).toBe(false);
    expect(problems[0]).toMatchObject({ policy: 'mine' });
    if (line !== null) expect(problems[0]?.line).toBe(line);
    expect(JSON.stringify(problems)).toContain(words);
    await expect(boss.setCedarPolicy({ policy: 'mine', policy_text })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/^policy_text: policy mine/),
    });
    expect((await boss.listCedarPolicies()).policies.filter((one) => !one.all_projects)).toEqual([]);
  });

  test('refuses what would keep the administrator from taking it back', async () => {
    const boss = await administratorIn('lockout');
    const policy_text = 'forbid (principal, action, resource);';
    await expect(boss.setCedarPolicy({ policy: 'all', policy_text })).rejects.toMatchObject({ code: 'conflict' });
    const kinder = 'forbid (principal, action, resource) unless { principal.trust >= 4 };';
    expect((await boss.setCedarPolicy({ policy: 'all', policy_text: kinder })).version).toBe(1);
    await expect((await agentIn('lockout')).checkLocks()).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('errors deny', () => {
  const acquireLock = operationNamed('acquire_lock') as NonNullable<ReturnType<typeof operationNamed>>;

  test('a policy that cannot be evaluated, even one that forbids', async () => {
    const boss = await administratorIn('overflow');
    const when =
      'when { context has input && context.input has ttl_seconds && context.input.ttl_seconds * 9223372036854775807 < 0 }';
    await boss.setCedarPolicy({ policy: 'sum', policy_text: `${forbidLocks} ${when};` });
    const ann = await agentIn('overflow');
    await expect(ann.acquireLock({ paths: ['a.ts'] })).rejects.toMatchObject({ details: { reason: 'policy_error' } });
    expect(await ann.checkPolicy({ operation: 'acquire_lock', context: { ttl_seconds: 900 } })).toMatchObject({
      ...{ allowed: false, reason: 'policy_error', diagnostics: { errors: [expect.stringContaining('sum')] } },
    });
  });

  test('stored policies that are not Cedar, until they are put right', async () => {
    const boss = await administratorIn('broken');
    await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks};` });
    const ann = await agentIn('broken');
    await db.sql`
      update coord.cedar_policies c set policies = '{"x": "not cedar"}', version = 2
      from coord.projects p where p.project_id = c.project_id and p.name = 'broken'`;
    cedar.policies?.changed();
    await expect(ann.checkLocks()).rejects.toMatchObject({ details: { reason: 'policy_error' } });
    // The way out: a process without Cedar.
    const native = await db.session('boss', { project: 'broken', trust: 4 });
    await native.rollbackCedarPolicies({ version: 0 });
    cedar.policies?.changed();
    expect((await ann.checkLocks()).locks).toEqual([]);
  });

  test('policy files that are missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'policies-'));
    const ann = await agentIn('unreadable', 'ann', 2, withCedar(db, { folder }));
    await expect(ann.checkLocks()).rejects.toMatchObject({ code: 'forbidden', details: { reason: 'policy_error' } });
    await rm(folder, { recursive: true });
  });

  test('a database that does not answer: what was read is used for 5 s at most, then nothing is allowed', async () => {
    const { session_id } = await db.session('ann', { project: 'away' });
    const caller = { project_id: await projectId(db, 'away'), session_id } as never;
    let isAway = false;
    const away = () => Promise.reject(new Error('connection refused'));
    const engine = cedarEngine({ call: (...call) => (isAway ? away() : db.database.call(...call)) });
    await engine.authorise(acquireLock, caller, () => ({ paths: ['a'] }));
    isAway = true;
    expect(engine.authorise(acquireLock, caller, () => ({ paths: ['a'] }))).toBeUndefined();
    const begun = performance.now();
    await until(async () => {
      const outcome = await Promise.resolve(engine.authorise(acquireLock, caller, () => ({}))).catch(() => 'denied');
      return outcome === 'denied';
    }, 7000);
    expect(performance.now() - begun).toBeLessThan(5500);
    isAway = false;
    await engine.authorise(acquireLock, caller, () => ({ paths: ['a'] }));
  });

  test('an engine that throws', async () => {
    const { session_id } = await db.session('ann', { project: 'throwing' });
    const caller = { project_id: await projectId(db, 'throwing'), session_id } as never;
    const engine = cedarEngine(db.database);
    const input = () => {
      throw new Error('out of memory');
    };
    const boss = await administratorIn('throwing');
    const when = 'when { context has input && context.input has shared && context.input.shared }';
    await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks} ${when};` });
    await expect(engine.authorise(acquireLock, caller, input)).rejects.toMatchObject({
      details: { reason: 'policy_error', errors: ['out of memory'] },
    });
  });
});

test('an agent whom a policy refuses is not let in as nobody either', async () => {
  const boss = await administratorIn('closed');
  const policy_text =
    'forbid (principal, action == Action::"register_session", resource) unless { principal.trust >= 3 };';
  await boss.setCedarPolicy({ policy: 'closed', policy_text });
  const caller = { agent: 'new', agent_type: 'test', trust: 2, project_id: await projectId(db, 'closed') };
  await expect(speakThrough(db, cedar, caller).registerSession()).rejects.toMatchObject({ code: 'forbidden' });
  const rows = await db.sql`
    select from coord.journal j join coord.projects p using (project_id)
    where p.name = 'closed' and j.operation = 'register_session' and j.outcome = 'forbidden' and j.agent = 'new'`;
  expect(rows.length).toBe(1);
});
