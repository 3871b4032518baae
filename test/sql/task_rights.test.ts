import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let project: string;
let ann: TestSession;
let boss: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `rights-${++projects}`;
  ann = await db.session('ann', { project });
  boss = await db.session('boss', { project, trust: 3 });
});

const untrusted = { code: 'forbidden', details: { reason: 'insufficient_trust_level' } };

describe('the paths of a task', () => {
  test.each(['./', '**/*.ts', '*', '?/b'])('are no way to lock %s, which needs trust 3', async (path) => {
    await expect(ann.submitWork({ title: 'x', paths: [path] })).rejects.toMatchObject(untrusted);
    await expect(ann.createTask({ title: 'x', files: [path] })).rejects.toMatchObject(untrusted);
    const tasks = [{ title: 'y' }, { title: 'x', paths: [path] }];
    await expect(ann.submitWorkBatch({ tasks })).rejects.toMatchObject(untrusted);
    expect((await ann.listTasks()).tasks).toEqual([]);
  });

  test('that are that broad are handed to nobody who may not lock them', async () => {
    const { task_id } = await boss.submitWork({ title: 'broad', paths: ['./'] });
    const other = await ann.submitWork({ title: 'narrow', paths: ['src/a.ts'] });
    expect(await ann.getWork()).toMatchObject({ claimed: true, task: { task_id: other.task_id } });
    expect(await ann.getWork()).toMatchObject({ claimed: false });
    await ann.endSession();
    await boss.cancelTask({ task_id: other.task_id });
    expect(await boss.getWork()).toMatchObject({ claimed: true, task: { task_id } });
  });
});

describe('many trees and globs', () => {
  const globs = (of: string, count = 10) => Array.from({ length: count }, (_, index) => `${of}/**/f${index}*x?.ts`);

  test('are no task, where nobody could lock them', async () => {
    const details = { reason: 'too_many_scopes' };
    await expect(ann.submitWork({ title: 'x', paths: globs('a', 11) })).rejects.toMatchObject({ details });
    await expect(ann.submitWorkBatch({ tasks: [{ title: 'x', paths: globs('a', 11) }] })).rejects.toMatchObject({
      details,
    });
    expect(await ann.submitWork({ title: 'x', paths: globs('a') })).toMatchObject({ status: 'ready' });
  });

  // Each of them is refused by a limit of its own, and would be compared with all others.
  test('in two hundred tasks that one may not take keep nobody from what comes behind', async () => {
    const trees = Array.from({ length: 50 }, (_, index) => `mine${index}/`);
    await boss.acquireLock({ paths: trees });
    for (let batch = 0; batch < 4; batch++) {
      const tasks = Array.from({ length: 50 }, (_, index) => ({ title: 'x', paths: globs(`z${batch}-${index}`) }));
      await ann.submitWorkBatch({ tasks });
    }
    const { task_id } = await ann.submitWork({ title: 'behind', priority: 9 });
    expect(await boss.getWork()).toMatchObject({ claimed: true, task: { task_id } });
  });
});

describe('retry_task', () => {
  test('of what somebody else has cancelled needs trust 3', async () => {
    const { task_id } = await boss.submitWork({ title: 'x' });
    await boss.cancelTask({ task_id, reason: 'no' });
    await expect(ann.retryTask({ task_id })).rejects.toMatchObject(untrusted);
    expect(await boss.retryTask({ task_id })).toMatchObject({ retried: true, status: 'ready' });
  });

  test('of ones own task is for whoever has cancelled it', async () => {
    const { task_id } = await ann.submitWork({ title: 'x' });
    await ann.cancelTask({ task_id });
    expect(await ann.retryTask({ task_id })).toMatchObject({ retried: true });
    await boss.cancelTask({ task_id, reason: 'not this' });
    await expect(ann.retryTask({ task_id })).rejects.toMatchObject({
      ...untrusted,
      message: expect.stringContaining('cancelled by boss'),
    });
    expect(await boss.retryTask({ task_id })).toMatchObject({ retried: true });
  });

  test('of what a parent would wait for again needs trust 3, unless it is ones own', async () => {
    const parent = await boss.submitWork({ title: 'parent' });
    const { task_id } = await boss.submitWork({
      title: 'part',
      type: 'part',
      parent_id: parent.task_id,
      retry: 'none',
    });
    const { claim_token } = await boss.getWork({ types: ['part'] });
    await boss.completeWork({ task_id, claim_token: Number(claim_token), success: false });
    await expect(ann.retryTask({ task_id })).rejects.toMatchObject(untrusted);
    expect(await boss.retryTask({ task_id })).toMatchObject({ retried: true });
  });

  test('of a failed task of somebody else is for everybody', async () => {
    const { task_id } = await boss.submitWork({ title: 'x', retry: 'none' });
    const { claim_token } = await boss.getWork();
    await boss.completeWork({ task_id, claim_token: Number(claim_token), success: false });
    expect(await ann.retryTask({ task_id })).toMatchObject({ retried: true });
  });
});

test('tasks that escalate to others count as messages to them', async () => {
  const tasks = Array.from({ length: 100 }, () => ({ title: 'x', escalate_to: 'boss' }));
  for (let batch = 0; batch < 10; batch++) await ann.submitWorkBatch({ tasks });
  const reason = { code: 'limit_exceeded', details: { reason: 'too_many_messages' } };
  await expect(ann.submitWorkBatch({ tasks })).rejects.toMatchObject(reason);
  await expect(ann.submitWork({ title: 'x', escalate_to: 'boss' })).rejects.toMatchObject(reason);
  expect(await ann.submitWork({ title: 'x', escalate_to: 'ann' })).toMatchObject({ status: 'ready' });
});

test('an address that cannot be read is no address that a rule for all names lets through', async () => {
  const root = await db.session('root', { project, trust: 4 });
  await root.setNetworkRule({ rule: 'all', action: 'allow', pattern: '*' });
  for (const address of ['fe80::1%eth0', '127.0.0.1 ', '[::1]', '2130706433', 'garbage']) {
    const answer = await ann.checkNetwork({ host: 'example.com', addresses: [address] });
    expect(answer, address).toMatchObject({ allowed: false, reason: 'private_address' });
  }
  expect(await ann.checkNetwork({ host: 'example.com', addresses: ['93.184.216.34'] })).toMatchObject({
    allowed: true,
  });
});
