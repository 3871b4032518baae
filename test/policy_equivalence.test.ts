import { type Operation, operations } from '@agentcoord/contract';
import type { Caller, LocalCaller } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cedarEngine } from '../packages/core/src/policies/index.ts';
import { projectId, speakAs } from './helpers/callers.ts';
import { speakThrough, withCedar } from './helpers/cedar.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const kinds = ['claude_code', 'codex', 'web_reviewer', 'orchestrator', 'cli', 'unheard_of'];
const trusts = [0, 1, 2, 3, 4];
const cases = kinds.flatMap((agent_type) => trusts.map((trust) => ({ agent_type, trust })));

/** A session of that kind and trust, made as doors make them. */
async function sessionOf({ agent_type, trust }: (typeof cases)[number], agent = `${agent_type}-${trust}`) {
  const project_id = await projectId(db);
  const caller: LocalCaller = { agent, agent_type, trust, label: 'test' };
  const [row] = await db.sql<{ id: string }[]>`
    select coord._open_session(${db.sql.json({ ...caller, project_id })}, 'test') as id`;
  return { ...caller, project_id, session_id: String(row?.id) };
}

/** What the frame says of a call, which every operation begins with. */
async function nativelyAllowed(caller: object, { name, standsFor = name }: Operation): Promise<boolean> {
  const [row] = await db.sql<{ answer: unknown }[]>`
    select (coord._enter(${db.sql.json(caller as never)}, ${standsFor})).answer as answer`;
  return row?.answer === null;
}

/** The two engines say the same about each operation, and neither fails. */
async function expectAgreement(caller: Caller): Promise<void> {
  const cedar = cedarEngine(db.database);
  const verdicts = [];
  for (const operation of operations) {
    const native = await nativelyAllowed(caller, operation);
    const { allowed, errors } = await cedar.explain(operation, caller, { input: () => ({}) });
    verdicts.push({ name: operation.name, native, allowed, errors });
  }
  expect(verdicts.filter(({ native, allowed }) => native !== allowed)).toEqual([]);
  expect(verdicts.flatMap(({ errors }) => errors)).toEqual([]);
}

test.each(cases)(
  `the default policies and the database agree about $agent_type with trust $trust, for each of ${operations.length} operations`,
  async (who) => expectAgreement(await sessionOf(who)),
);

describe('they agree about restricted agents', () => {
  const lists = [
    { allowed_operations: ['locks', 'read'] },
    { allowed_operations: ['acquire_lock'], blocked_operations: ['read'] },
    { blocked_operations: ['admin', 'work'] },
    { blocked_operations: ['write', 'get_my_profile', 'register_session', 'heartbeat', 'end_session'] },
    { allowed_operations: [] },
    { trust: 1 as const, blocked_operations: ['messages'] },
  ];

  test.each(lists)('a profile that says %j', async (list) => {
    const root = await db.session('root', { trust: 4 });
    const agent = `restricted-${JSON.stringify(list).length}-${lists.indexOf(list)}`;
    await root.setProfile({ profile: agent, trust: 3, ...list });
    await root.assignProfile({ profile: agent, agent });
    await expectAgreement(await sessionOf({ agent_type: 'codex', trust: 3 }, agent));
  });

  test('keys with scopes, with and without a session', async () => {
    const root = await db.session('root', { trust: 4 });
    for (const scopes of [['locks'], ['read', 'submit_work'], ['write']]) {
      const { key_id } = await root.createKey({ agent: `scoped-${scopes.join('-')}`, trust: 3, scopes });
      const caller = { key_id, project_id: await projectId(db) };
      await expectAgreement(caller);
      const { session_id } = await speakAs(db, caller).registerSession();
      await expectAgreement({ ...caller, session_id });
    }
  });

  test('one that is suspended, and one that is not any more', async () => {
    const root = await db.session('root', { trust: 4 });
    const caller = await sessionOf({ agent_type: 'codex', trust: 3 }, 'naughty');
    await root.suspendAgent({ agent: 'naughty' });
    await expectAgreement(caller);
    await root.resumeAgent({ agent: 'naughty' });
    await expectAgreement(caller);
  });
});

test('check_policy says the same with both engines, about oneself', async () => {
  const cedar = withCedar(db);
  for (const who of cases.filter(({ trust }) => trust > 0)) {
    const caller = await sessionOf(who);
    for (const operation of ['check_locks', 'acquire_lock', 'force_release_lock', 'create_key']) {
      const native = await speakAs(db, caller).checkPolicy({ operation });
      const both = await speakThrough(db, cedar, caller).checkPolicy({ operation });
      expect([both.allowed, both.reason]).toEqual([native.allowed, native.reason]);
      expect([native.engine, both.engine]).toEqual(['native', 'cedar']);
    }
  }
});

test('the trust that decides is that of the session, whatever the process says of itself later', async () => {
  const caller = await sessionOf({ agent_type: 'cli', trust: 1 });
  const cedar = cedarEngine(db.database);
  const [createKey] = operations.filter(({ name }) => name === 'create_key');
  const decision = await cedar.explain(createKey as Operation, { ...caller, trust: 4 }, { input: () => ({}) });
  expect(decision.allowed).toBe(false);
});
