import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireClaim, lapse } from '../helpers/past.ts';
import { claimed, comeDue, inSeconds, titlesFor } from '../helpers/tasks.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const project = `delays-${++projects}`;
  ann = await db.session('ann', { project, beats: true });
  bob = await db.session('bob', { project, trust: 3 });
});

const failure = { success: false, error: 'it broke' };

/** Seconds from now until the task may run. */
async function delayOf(task_id: string): Promise<number> {
  const { status, run_after } = await ann.getTask({ task_id });
  expect(status).toBe('scheduled');
  return (Date.parse(String(run_after)) - Date.now()) / 1000;
}

describe('after a failed attempt a task rests', () => {
  test.each([
    ['exponential', undefined, [60, 120, 240]],
    ['exponential', 10, [10, 20, 40]],
    ['linear', 10, [10, 20, 30]],
    ['exponential', 86_400, [86_400, 86_400, 86_400]],
  ] as const)('%s from %s seconds', async (retry, retry_seconds, delays) => {
    const { task_id } = await ann.submitWork({
      title: 'flaky',
      max_attempts: 4,
      retry,
      ...(retry_seconds && { retry_seconds }),
    });
    for (const [index, delay] of delays.entries()) {
      const { title: _, ...held } = await claimed(ann);
      const answer = await ann.completeWork({ ...held, ...failure });
      expect(answer).toMatchObject({ status: 'scheduled', attempts_left: 3 - index, run_after: expect.any(String) });
      expect(Math.abs((await delayOf(task_id)) - delay)).toBeLessThan(5);
      expect(await titlesFor(bob)).toEqual([]);
      await comeDue(db, task_id);
    }
    expect((await claimed(bob)).title).toBe('flaky');
  });

  test('not at all when its delay is 0, and has no other attempt with retry none', async () => {
    await ann.submitWork({ title: 'at once', retry_seconds: 0 });
    const { title: _, ...first } = await claimed(ann);
    expect(await ann.completeWork({ ...first, ...failure })).toMatchObject({ status: 'ready' });
    const { title, ...second } = await claimed(bob);
    expect(title).toBe('at once');
    await bob.completeWork(second);
    await ann.submitWork({ title: 'once only', retry: 'none' });
    const { title: __, ...only } = await claimed(ann);
    expect(await ann.completeWork({ ...only, ...failure })).toMatchObject({ status: 'failed', attempts_left: 0 });
  });

  test.each([
    ['lease', async (task_id: string) => expireClaim(db, task_id)],
    ['session', async () => lapse(db, ann)],
  ])('when its %s was lost, too', async (_, lose) => {
    const { task_id } = await ann.submitWork({ title: 'orphan' });
    await claimed(ann);
    await lose(task_id);
    expect(await bob.getWork()).toMatchObject({ claimed: false });
    expect(await bob.getTask({ task_id })).toMatchObject({ status: 'scheduled', attempts: 1, agent: null });
    await comeDue(db, task_id);
    expect(await bob.getWork()).toMatchObject({ task: { task_id, attempt: 2, last_error: 'The claim lapsed.' } });
  });
});

describe('a task is never handed out', () => {
  test('before run_after, and then in its turn', async () => {
    const { task_id, status } = await ann.submitWork({ title: 'later', priority: 1, run_after: inSeconds(3600) });
    expect(status).toBe('scheduled');
    await ann.submitWork({ title: 'now' });
    await ann.submitWork({ title: 'next' });
    expect((await claimed(bob)).title).toBe('now');
    await comeDue(db, task_id);
    await bob.sweep();
    expect(await titlesFor(bob)).toEqual(['later', 'next']);
    await comeDue(db, (await ann.submitWork({ title: 'unswept', run_after: inSeconds(3600) })).task_id);
    expect(await titlesFor(bob)).toEqual(['unswept']);
  });

  test('before run_after when what it depends on is done earlier', async () => {
    const { task_id: first } = await ann.submitWork({ title: 'first' });
    const then = await ann.submitWork({ title: 'then', depends_on: [first], run_after: inSeconds(3600) });
    expect(then.status).toBe('blocked');
    const { title: _, ...held } = await claimed(bob);
    expect(await bob.completeWork(held)).toMatchObject({ unblocked: 1 });
    expect(await titlesFor(bob)).toEqual([]);
    await comeDue(db, then.task_id);
    expect(await titlesFor(bob)).toEqual(['then']);
  });

  test('after its deadline: it fails, whoever finds it, and those that depend on it hear of it', async () => {
    const { task_id } = await ann.submitWork({ title: 'late', deadline: inSeconds(3600) });
    const then = await ann.submitWork({ title: 'then', depends_on: [task_id] });
    const fallen = await ann.submitWork({ title: 'fallen', depends_on: [task_id], on_dependency_failure: 'cascade' });
    await comeDue(db, task_id);
    expect(await titlesFor(bob)).toEqual([]);
    expect(await bob.getTask({ task_id })).toMatchObject({ status: 'failed', error: 'The deadline passed.' });
    expect(await bob.getTask({ task_id: then.task_id })).toMatchObject({
      status: 'blocked',
      blocked_by: [{ task_id }],
    });
    expect(await bob.getTask({ task_id: fallen.task_id })).toMatchObject({ status: 'failed' });
  });

  test('after its deadline, when it is blocked or rests', async () => {
    const { task_id: first } = await ann.submitWork({ title: 'first', deadline: inSeconds(60) });
    const blocked = await ann.submitWork({ title: 'blocked', depends_on: [first], deadline: inSeconds(50) });
    const { title: _, ...held } = await claimed(ann);
    await ann.completeWork({ ...held, ...failure });
    for (const task_id of [first, blocked.task_id]) await comeDue(db, task_id);
    expect(await bob.sweep()).toMatchObject({ returned_tasks: 0 });
    expect((await bob.listTasks({ status: 'failed' })).tasks.map(({ title }) => title)).toEqual(['blocked', 'first']);
  });
});

describe('a failed task', () => {
  test('is escalated once, to the agent that it names', async () => {
    const { task_id } = await ann.submitWork({ title: 'hopeless', max_attempts: 1, escalate_to: 'bob' });
    const { title: _, ...held } = await claimed(ann);
    await ann.completeWork({ ...held, ...failure });
    expect(await titlesFor(ann)).toEqual([]);
    const { task } = await bob.getWork();
    expect(task).toMatchObject({
      type: 'escalation',
      title: 'Failed: hopeless',
      input: { task_id, error: 'it broke' },
    });
    expect((await bob.listTasks({ type: 'escalation' })).tasks).toHaveLength(1);
  });

  test('gets its attempts anew by retry_task, which heals what it blocked', async () => {
    const { task_id } = await ann.submitWork({ title: 'first', max_attempts: 1 });
    const then = await ann.submitWork({ title: 'then', depends_on: [task_id] });
    const { title: _, ...held } = await claimed(ann);
    await ann.completeWork({ ...held, ...failure });
    expect((await bob.listTasks({ status: 'blocked' })).tasks).toMatchObject([
      { blocked_by: [{ task_id, status: 'failed' }] },
    ]);
    expect(await bob.retryTask({ task_id })).toMatchObject({ retried: true, status: 'ready' });
    const { title: __, ...again } = await claimed(bob);
    expect(again).toEqual({ task_id, claim_token: held.claim_token + 1 });
    expect(await bob.completeWork(again)).toMatchObject({ status: 'done', unblocked: 1 });
    expect(await bob.getTask({ task_id: then.task_id })).toMatchObject({ status: 'ready', blocked_by: [] });
  });

  test('takes with it, however far, those that wish so, and each is retried on its own', async () => {
    const cascade = { on_dependency_failure: 'cascade' } as const;
    const { task_id: first } = await ann.submitWork({ title: 'first', max_attempts: 1 });
    const { task_id: second } = await ann.submitWork({ title: 'second', depends_on: [first], ...cascade });
    const { task_id: third } = await ann.submitWork({ title: 'third', depends_on: [second, first], ...cascade });
    const { task_id: other } = await ann.submitWork({ title: 'other', depends_on: [third] });
    const { title: _, ...held } = await claimed(ann);
    await ann.completeWork({ ...held, ...failure });
    const statuses = async () =>
      (await bob.listTasks()).tasks.map(({ title, status }) => `${title} ${status}`).toReversed();
    expect(await statuses()).toEqual(['first failed', 'second failed', 'third failed', 'other blocked']);
    expect((await ann.submitWork({ title: 'late', depends_on: [third], ...cascade })).status).toBe('failed');
    expect(await bob.retryTask({ task_id: second })).toMatchObject({ status: 'blocked' });
    expect(await bob.retryTask({ task_id: first })).toMatchObject({ status: 'ready' });
    expect(await titlesFor(bob)).toEqual(['first']);
    expect(await bob.getTask({ task_id: other })).toMatchObject({
      status: 'blocked',
      blocked_by: [{ task_id: third }],
    });
  });

  test('is the only kind that retry_task takes: others are refused and stay as they are', async () => {
    const { task_id } = await ann.submitWork({ title: 'running' });
    await claimed(ann);
    await expect(bob.retryTask({ task_id })).rejects.toMatchObject({
      code: 'conflict',
      details: { reason: 'not_failed' },
    });
    expect(await bob.getTask({ task_id })).toMatchObject({ status: 'claimed', attempts: 1 });
    const late = await ann.submitWork({ title: 'late', deadline: inSeconds(60) });
    await comeDue(db, late.task_id);
    await bob.sweep();
    await expect(bob.retryTask({ task_id: late.task_id })).rejects.toMatchObject({
      details: { reason: 'deadline_passed' },
    });
  });
});

test('a part of what is done is not retried, because nobody waits for it', async () => {
  const type = 'whole';
  const parent_id = (await ann.submitWork({ title: 'whole', type })).task_id;
  const { task_id } = await ann.submitWork({ title: 'part', parent_id });
  await ann.cancelTask({ task_id });
  const { task, claim_token } = await bob.getWork({ types: [type] });
  await bob.completeWork({ task_id: String(task?.task_id), claim_token: Number(claim_token) });
  await expect(ann.retryTask({ task_id })).rejects.toMatchObject({
    code: 'conflict',
    details: { reason: 'finished' },
  });
});
