import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forbidLocks, type PolicyGround, policyGround } from './helpers/cedar.ts';
import type { TestDatabase } from './helpers/database.ts';

let db: TestDatabase;
let agentIn: PolicyGround['agentIn'];
let administratorIn: PolicyGround['administratorIn'];

beforeAll(async () => {
  ({ db, agentIn, administratorIn } = await policyGround());
});
afterAll(() => db?.[Symbol.asyncDispose]());

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

  const hostile = {
    'nested parentheses': (count: number) => `${'('.repeat(count)}true${')'.repeat(count)}`,
    'nested sets': (count: number) => `${'['.repeat(count)}1${']'.repeat(count)} == []`,
    'a long chain': (count: number) => Array(count).fill('context.operation == "a"').join(' || '),
    'nested conditions': (count: number) => `${'if true then '.repeat(count)} true ${'else false'.repeat(count)}`,
  };

  test.each(Object.entries(hostile))(
    'takes %s for a mistake or for a policy, and goes on deciding',
    async (_, make) => {
      const ann = await agentIn('hostile');
      await ann.checkLocks();
      for (const count of [100, 1000, 2500]) {
        const policy_text = `${forbidLocks} when { ${make(count)} };`.slice(0, 65_536);
        const begun = performance.now();
        const checking = ann.validateCedarPolicy({ policy_text });
        const around = ann.acquireLock({ paths: ['a.ts'] }).then(() => performance.now() - begun);
        const { valid, problems } = await checking;
        expect(valid).toBe(problems.length === 0);
        // The text keeps nobody else waiting.
        expect(await around).toBeLessThan(2500);
        expect((await ann.checkPolicy({ operation: 'acquire_lock' })).allowed).toBe(true);
      }
    },
  );

  test('refuses what would keep the administrator from taking it back', async () => {
    const boss = await administratorIn('lockout');
    const policy_text = 'forbid (principal, action, resource);';
    await expect(boss.setCedarPolicy({ policy: 'all', policy_text })).rejects.toMatchObject({ code: 'conflict' });
    const kinder = 'forbid (principal, action, resource) unless { principal.trust >= 4 };';
    expect((await boss.setCedarPolicy({ policy: 'all', policy_text: kinder })).version).toBe(1);
    await expect((await agentIn('lockout')).checkLocks()).rejects.toMatchObject({ code: 'forbidden' });
  });
});
