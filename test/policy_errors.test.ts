import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operationNamed } from '@agentcoord/contract';
import type { Database } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cedarEngine } from '../packages/core/src/policies/index.ts';
import { projectId } from './helpers/callers.ts';
import { forbidLocks, type PolicyGround, policyGround, until, withCedar } from './helpers/cedar.ts';
import type { TestDatabase } from './helpers/database.ts';

let db: TestDatabase;
let cedar: Database;
let agentIn: PolicyGround['agentIn'];
let administratorIn: PolicyGround['administratorIn'];

beforeAll(async () => {
  ({ db, cedar, agentIn, administratorIn } = await policyGround());
});
afterAll(() => db?.[Symbol.asyncDispose]());

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
    const ann = await agentIn('unreadable', 'ann', withCedar(db, { folder }));
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
