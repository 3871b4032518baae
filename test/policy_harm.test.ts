import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Database } from '@agentcoord/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../packages/core/src/policies/compiled.ts';
import { remembered } from '../packages/core/src/policies/decisions.ts';
import { forbidLocks, type PolicyGround, policyGround } from './helpers/cedar.ts';
import type { TestDatabase } from './helpers/database.ts';

let db: TestDatabase;
let cedar: Database;
let agentIn: PolicyGround['agentIn'];
let administratorIn: PolicyGround['administratorIn'];

beforeAll(async () => {
  ({ db, cedar, agentIn, administratorIn } = await policyGround());
});
afterAll(() => db?.[Symbol.asyncDispose]());

const nested = (count: number) => `${forbidLocks} when { ${'('.repeat(count)}true${')'.repeat(count)} };`;
const records = (count: number) => `${forbidLocks} when { ${'{a: '.repeat(count)}1${'}'.repeat(count)} == {a: 1} };`;
const refusals = (count: number) => `${forbidLocks} when { ${'!('.repeat(count)}true${')'.repeat(count)} };`;

const hostile = [nested(500), nested(32_000), records(500), records(12_000), refusals(20_000), 'x'.repeat(65_536)];

/** Stores policies as only the database's owner could, so that the engine that decides has to read them. */
async function plant(project: string, text: string): Promise<void> {
  const boss = await administratorIn(project);
  await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks};` });
  await replace(project, text);
}

async function replace(project: string, text: string): Promise<void> {
  await db.sql`
    update coord.cedar_policies c set policies = ${db.sql.json({ x: text })}, version = version + 1
    from coord.projects p where p.project_id = c.project_id and p.name = ${project}`;
  cedar.policies?.changed();
}

test('what makes the engine fail in the middle denies in its project only', async () => {
  const boss = await administratorIn('bystander');
  const when = 'when { resource is File && resource.path == "frozen" }';
  await boss.setCedarPolicy({ policy: 'short', policy_text: `${forbidLocks} ${when};` });
  const neighbour = await agentIn('bystander');
  for (const [index, text] of [nested(500), nested(20_000), records(8000), refusals(15_000)].entries()) {
    await plant(`hostile-${index}`, text);
    const ann = await agentIn(`hostile-${index}`);
    await expect(ann.acquireLock({ paths: ['a.ts'] })).rejects.toMatchObject({ code: 'forbidden' });
    expect((await neighbour.acquireLock({ paths: ['a.ts'] })).acquired).toBe(true);
    await expect(neighbour.acquireLock({ paths: ['frozen'] })).rejects.toMatchObject({
      details: { policies: ['short'] },
    });
    expect((await neighbour.submitWork({ title: 'x', paths: ['b.ts'] })).task_id).toBeDefined();
  }
});

test('texts that exhaust Cedar are refused by every way in, and it goes on deciding', async () => {
  const boss = await administratorIn('ways');
  const ann = await agentIn('ways');
  for (const policy_text of hostile) {
    expect((await ann.validateCedarPolicy({ policy_text })).valid).toBe(false);
    await expect(boss.setCedarPolicy({ policy: 'x', policy_text })).rejects.toMatchObject({ code: 'invalid_input' });
    const { allowed } = await ann.checkPolicy({ operation: 'acquire_lock', resource: '('.repeat(1000) });
    expect(allowed).toBe(true);
  }
  await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks};` });
  await boss.deleteCedarPolicy({ policy: 'x' });
  await db.sql`
    update coord.cedar_policies c set policies = ${db.sql.json({ x: nested(20_000) })}
    from coord.projects p where p.project_id = c.project_id and p.name = 'ways' and c.version = 1`;
  await expect(boss.rollbackCedarPolicies({ version: 1 })).rejects.toMatchObject({ code: 'invalid_input' });
  expect((await ann.acquireLock({ paths: ['a.ts'] })).acquired).toBe(true);
});

test('forty validations at once are done or refused, and the process goes on meanwhile', async () => {
  const ann = await agentIn('crowd');
  const bob = await agentIn('crowd', 'bob');
  await ann.validateCedarPolicy({ policy_text: `${forbidLocks};` });
  await bob.checkLocks();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const validating = Array.from({ length: 40 }, () => ann.validateCedarPolicy({ policy_text: `${forbidLocks};` }));
  const outcomes = Promise.allSettled(validating);
  for (let call = 0; call < 10; call++) await bob.heartbeat();
  const codes = (await outcomes).map((one) => (one.status === 'rejected' ? one.reason.code : 'ok'));
  delay.disable();
  expect(new Set(codes)).toEqual(new Set(['ok', 'limit_exceeded']));
  expect(delay.max / 1e6).toBeLessThan(200);
});

/** A batch about nearly 900 files, the last of which a policy of the test forbids. */
const batch = (last: string) => ({
  tasks: Array.from({ length: 9 }, (_, task) => ({
    title: 'x',
    paths: Array.from({ length: 95 }, (_, file) => (task === 8 && file === 94 ? last : `${task}/${file}`)),
  })),
});

test('a call about very many files is decided file by file, and the process goes on meanwhile', async () => {
  const boss = await administratorIn('many');
  const when = 'when { resource is File && resource.path == "frozen" }';
  await boss.setCedarPolicy({ policy: 'frozen', policy_text: `${forbidLocks} ${when};` });
  const ann = await agentIn('many');
  await ann.checkLocks();
  let [rounds, isDone] = [0, false];
  const count = () => {
    rounds += 1;
    if (!isDone) setImmediate(count);
  };
  const submitting = ann.submitWorkBatch(batch('frozen')).finally(() => {
    isDone = true;
  });
  count();
  await expect(submitting).rejects.toMatchObject({ details: { policies: ['frozen'] } });
  expect(rounds).toBeGreaterThan(10);
  expect((await ann.submitWorkBatch(batch('free'))).tasks).toHaveLength(9);
});

test('a decision that takes long is made by the policies that are in force at its end', async () => {
  const boss = await administratorIn('replaced');
  const when = 'when { resource is File && resource.path == "frozen" }';
  await boss.setCedarPolicy({ policy: 'x', policy_text: `${forbidLocks} ${when};` });
  const ann = await agentIn('replaced');
  await ann.checkLocks();
  let isDone = false;
  const submitting = ann.submitWorkBatch(batch('free')).finally(() => {
    isDone = true;
  });
  await replace(
    'replaced',
    'forbid (principal, action == Action::"submit_work_batch", resource) when { context has input };',
  );
  expect(isDone).toBe(false);
  await expect(submitting).rejects.toMatchObject({ code: 'forbidden', details: { policies: ['x'] } });
});

test('what is remembered of decisions takes a few bytes each, however long their questions are', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const size = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = size();
  for (let index = 0; index < 5000; index++) {
    remembered(JSON.stringify([index, 'x'.repeat(16_000)]), () => ({
      decision: 'allow' as const,
      policies: [],
      errors: [],
    }));
  }
  let asked = 0;
  const judge = (): Verdict => ({ decision: asked++ < 9 ? 'allow' : 'deny', policies: [], errors: [] });
  for (let time = 0; time < 2; time++) {
    remembered('x'.repeat(20_000), judge);
    remembered('short', judge);
  }
  // Twice the long one, once the short one.
  expect(asked).toBe(3);
  expect(size() - before).toBeLessThan(40e6);
});
