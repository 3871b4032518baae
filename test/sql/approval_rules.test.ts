import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action, keyed, requested } from '../helpers/approvals.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let root: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  root = await db.session('root', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

describe('a rule', () => {
  test('approves its kind of action at once, up to its risk, and the approval is used like any other', async () => {
    await root.setApprovalRule({ rule: 'commits', action_type: 'commit' });
    const ann = await db.session('ann');
    const asked = await ann.requestApproval({ ...action, action_type: 'commit', risk: 'low' });
    expect(asked).toMatchObject({ decided: true, status: 'approved', decided_by: 'commits', decided_via: 'rule' });
    const { approval_id } = asked;
    expect((await ann.useApproval({ approval_id, payload: action.payload })).used).toBe(true);
    await expect(ann.useApproval({ approval_id, payload: action.payload })).rejects.toMatchObject({ code: 'conflict' });
    const more = await ann.requestApproval({ ...action, action_type: 'commit', risk: 'medium' });
    expect(more.status).toBe('pending');
    expect((await ann.requestApproval({ ...action, action_type: 'deploy', risk: 'low' })).status).toBe('pending');
  });

  test('serves only the agent it names', async () => {
    await root.setApprovalRule({ rule: 'for-bob', action_type: 'merge', agent: 'bob', max_risk: 'high' });
    const status = async (agent: string) =>
      (await (await db.session(agent)).requestApproval({ ...action, action_type: 'merge' })).status;
    expect(await status('bob')).toBe('approved');
    expect(await status('eve')).toBe('pending');
  });

  test('goes by the kind of agent that the key says, not by the one a session calls itself', async () => {
    await root.setApprovalRule({ rule: 'for-ci', action_type: 'tag', agent_type: 'ci', max_risk: 'high' });
    const tag = { ...action, action_type: 'tag' };
    const pretender = await keyed(db, root, 'pretender');
    await pretender.registerSession({ agent_type: 'ci' });
    expect((await pretender.requestApproval(tag)).status).toBe('pending');
    const local = await db.session('local-pretender');
    await local.registerSession({ agent_type: 'ci' });
    expect((await local.requestApproval(tag)).status).toBe('pending');
    const ci = await keyed(db, root, 'runner', 'ci');
    expect((await ci.requestApproval(tag)).status).toBe('approved');
  });

  test('never serves whoever set it, under whatever key of the same owner', async () => {
    const one = await keyed(db, root, 'one');
    const two = await keyed(db, one, 'two');
    await two.setApprovalRule({ rule: 'sly', action_type: 'wipe', max_risk: 'high' });
    const wipe = { ...action, action_type: 'wipe' };
    expect((await one.requestApproval(wipe)).status).toBe('pending');
    expect((await two.requestApproval(wipe)).status).toBe('pending');
    expect((await (await keyed(db, root, 'three')).requestApproval(wipe)).status).toBe('approved');
  });

  test('is replaced by one of its name, listed, and deleted', async () => {
    const boss = await db.session('boss', { project: 'rules', trust: 4 });
    expect(await boss.setApprovalRule({ rule: 'r', action_type: 'a' })).toMatchObject({ replaced: false });
    expect(await boss.setApprovalRule({ rule: 'r', action_type: 'b', agent: 'x' })).toMatchObject({ replaced: true });
    const { rules } = await boss.listApprovalRules();
    expect(rules).toMatchObject([{ rule: 'r', action_type: 'b', agent: 'x', agent_type: null, set_by: 'boss' }]);
    expect((await boss.deleteApprovalRule({ rule: 'r' })).deleted).toBe(true);
    expect((await boss.listApprovalRules()).rules).toEqual([]);
    await expect(boss.deleteApprovalRule({ rule: 'r' })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is set by administrators only, and does not decide what is pending', async () => {
    const elevated = await db.session('elevated', { trust: 3 });
    const refusal = elevated.setApprovalRule({ rule: 'x', action_type: 'late' });
    await expect(refusal).rejects.toMatchObject({ code: 'forbidden' });
    const ann = await db.session('ann');
    const approval_id = await requested(ann, { action_type: 'late', risk: 'low' });
    await root.setApprovalRule({ rule: 'late', action_type: 'late' });
    expect((await ann.checkApproval({ approval_id })).status).toBe('pending');
  });
});
