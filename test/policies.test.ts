import { type Database, followEvents } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId } from './helpers/callers.ts';
import { forbidLocks, type PolicyGround, policyGround, speakThrough, until, withCedar } from './helpers/cedar.ts';
import type { TestDatabase } from './helpers/database.ts';

let db: TestDatabase;
let cedar: Database;
let agentIn: PolicyGround['agentIn'];
let administratorIn: PolicyGround['administratorIn'];

beforeAll(async () => {
  ({ db, cedar, agentIn, administratorIn } = await policyGround());
});
afterAll(() => db?.[Symbol.asyncDispose]());

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
    const { key_id } = await (await db.session('root', { trust: 4 })).createKey({ agent: 'remote', trust: 4 });
    const remote = speakThrough(db, cedar, { key_id, project_id: await projectId(db) });
    const refused = remote.deleteCedarPolicy({ policy: 'freeze', all_projects: true });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    await boss.deleteCedarPolicy({ policy: 'freeze', all_projects: true });
    expect((await ann.logDecision(decision)).decision_id).toBeDefined();
  });

  test('is in force in every other process within 5 s, and so is its end', async () => {
    const elsewhere = withCedar(db);
    const boss = await administratorIn('spreading');
    const ann = await agentIn('spreading', 'ann', elsewhere);
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

test('a policy about an agent holds for its subagents', async () => {
  const boss = await administratorIn('subagents');
  const policy_text = 'forbid (principal == Agent::"ann", action == Action::"acquire_lock", resource);';
  await boss.setCedarPolicy({ policy: 'ann', policy_text });
  const ann = await agentIn('subagents');
  const { session_id } = await ann.openSubagent({ name: 'helper' });
  const helper = speakThrough(db, cedar, { project_id: await projectId(db, 'subagents'), session_id } as never);
  await expect(helper.acquireLock({ paths: ['a.ts'] })).rejects.toMatchObject({ details: { policies: ['ann'] } });
  expect((await (await agentIn('subagents', 'bob')).acquireLock({ paths: ['a.ts'] })).acquired).toBe(true);
});

test('a policy about an operation holds under its other names', async () => {
  const boss = await administratorIn('names');
  const policy_text = 'forbid (principal, action == Action::"submit_work", resource);';
  await boss.setCedarPolicy({ policy: 'x', policy_text });
  const ann = await agentIn('names');
  await expect(ann.createTask({ title: 'x' })).rejects.toMatchObject({ details: { policies: ['x'] } });
});

test('an open stream of events ends when a policy forbids it', async () => {
  const boss = await administratorIn('streams');
  const { session_id } = await db.session('ann', { project: 'streams' });
  const caller = { project_id: await projectId(db, 'streams'), session_id } as never;
  const stream = followEvents(cedar, caller, {});
  await stream.next();
  await boss.logDecision({ type: 'x', context: 'x', reason: 'x' });
  expect((await stream.next()).done).toBe(false);
  const policy_text = 'forbid (principal, action == Action::"list_events", resource) when { principal.trust < 4 };';
  await boss.setCedarPolicy({ policy: 'x', policy_text });
  await boss.logDecision({ type: 'y', context: 'y', reason: 'y' });
  await expect(stream.next()).rejects.toMatchObject({ code: 'forbidden' });
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
