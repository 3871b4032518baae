import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let type: string;
let types = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  ann = await db.session('ann', { beats: true });
  bob = await db.session('bob', { beats: true });
  type = `type-${++types}`;
});

type Submission = Parameters<TestSession['submitWork']>[0];

async function submit(title: string, more: Partial<Submission> = {}): Promise<string> {
  return (await bob.submitWork({ title, type, retry_seconds: 0, ...more })).task_id;
}

async function claim(session = ann): Promise<{ task_id: string; claim_token: number }> {
  const { task, claim_token } = await session.getWork({ types: [type] });
  return { task_id: String(task?.task_id), claim_token: Number(claim_token) };
}

async function titlesInOrder(): Promise<string[]> {
  const titles: string[] = [];
  for (;;) {
    const { task } = await ann.getWork({ types: [type] });
    if (!task) return titles;
    titles.push(task.title);
  }
}

describe('the next task', () => {
  test('is the most urgent, and of these the first that came', async () => {
    for (const [title, priority] of [
      ['b1', 5],
      ['c1', 10],
      ['a1', 1],
      ['b2', 5],
      ['a2', 1],
    ] as const) {
      await submit(title, { priority });
    }
    expect(await titlesInOrder()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']);
  });

  test('is one that has waited an hour for each step of priority longer, so that nothing waits for ever', async () => {
    const old = await submit('old', { priority: 10 });
    await db.sql`update coord.tasks set rank = rank - interval '9 hours 1 minute' where task_id = ${old}`;
    const newer = await submit('newer', { priority: 10 });
    await db.sql`update coord.tasks set rank = rank - interval '8 hours 59 minutes' where task_id = ${newer}`;
    await submit('urgent', { priority: 1 });
    expect(await titlesInOrder()).toEqual(['old', 'urgent', 'newer']);
  });

  test('is found in the same order whether types are named or not', async () => {
    const own = await db.session('cid', { project: 'order' });
    for (const [title, kind] of [
      ['1', 'x'],
      ['2', 'y'],
      ['3', 'x'],
    ] as const)
      await own.submitWork({ title, type: kind });
    expect((await own.getWork()).task?.title).toBe('1');
    expect((await own.getWork({ types: ['y', 'x', 'z'] })).task?.title).toBe('2');
    expect((await own.getWork()).task?.title).toBe('3');
  });

  test('is only of the types that were asked for', async () => {
    await submit('other');
    expect(await ann.getWork({ types: [`${type}-unknown`] })).toMatchObject({ claimed: false });
    expect((await ann.getWork({ types: [`${type}-unknown`, type] })).task?.title).toBe('other');
  });

  test('is never one that waits for others', async () => {
    const first = await submit('first', { priority: 10 });
    const second = await submit('second', { priority: 1, depends_on: [first] });
    await submit('third', { priority: 1, depends_on: [first, second] });
    const held = await claim();
    expect(held.task_id).toBe(first);
    expect(await bob.getWork({ types: [type] })).toMatchObject({ claimed: false });
    expect(await ann.completeWork(held)).toMatchObject({ status: 'done', unblocked: 1 });
    expect(await titlesInOrder()).toEqual(['second']);
  });

  test('stays out of reach when what it waits for has failed', async () => {
    const first = await submit('first', { max_attempts: 1 });
    await submit('second', { depends_on: [first] });
    expect(await ann.completeWork({ ...(await claim()), success: false })).toMatchObject({
      status: 'failed',
      unblocked: 0,
    });
    expect(await titlesInOrder()).toEqual([]);
  });

  test('named twice as a dependency counts once', async () => {
    const first = await submit('first');
    const answer = await bob.submitWork({ title: 'then', type, depends_on: [first, first.toUpperCase()] });
    expect(answer).toMatchObject({ status: 'blocked', unmet_dependencies: 1 });
    expect(await ann.completeWork(await claim())).toMatchObject({ unblocked: 1 });
  });

  test('that depends on finished tasks is ready at once', async () => {
    const first = await submit('first');
    await ann.completeWork(await claim());
    expect(await bob.submitWork({ title: 'then', type, depends_on: [first] })).toMatchObject({ status: 'ready' });
  });
});
