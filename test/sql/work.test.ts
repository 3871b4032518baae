import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireClaim, lapse } from '../helpers/past.ts';

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

const lost = (reason: string) => ({ code: 'conflict', details: { reason } });

describe('attempts', () => {
  test('are counted when a claim lapses, and the last one fails the task', async () => {
    const task_id = await submit('fragile', { max_attempts: 2 });
    for (const attempt of [1, 2]) {
      expect(await ann.getWork({ types: [type] })).toMatchObject({ claimed: true, task: { attempt } });
      await expireClaim(db, task_id);
    }
    expect(await bob.getWork({ types: [type] })).toMatchObject({ claimed: false });
    const task = await bob.getTask({ task_id });
    expect(task).toMatchObject({ status: 'failed', attempts: 2, agent: 'ann', error: 'The claim lapsed.' });
  });

  test('are counted when the session lapses', async () => {
    const task_id = await submit('orphan');
    await claim();
    await lapse(db, ann);
    expect(await bob.getWork({ types: [type] })).toMatchObject({ task: { task_id, attempt: 2 } });
  });

  test('are not counted when the session ends in order', async () => {
    const task_id = await submit('returned', { max_attempts: 1 });
    await claim();
    expect(await ann.endSession()).toMatchObject({ returned_tasks: 1 });
    expect(await bob.getTask({ task_id })).toMatchObject({ status: 'ready', attempts: 0 });
    expect(await bob.getWork({ types: [type] })).toMatchObject({ task: { task_id, attempt: 1 } });
  });

  test('follow each other after failures until none is left', async () => {
    await submit('hopeless', { max_attempts: 2 });
    const failure = { success: false, error: 'it broke' };
    expect(await ann.completeWork({ ...(await claim()), ...failure })).toEqual({
      ...{ status: 'ready', attempts_left: 1, unblocked: 0 },
    });
    expect((await bob.getWork({ types: [type] })).task?.last_error).toBe('it broke');
    const [row] = await db.sql`select task_id, claim_token::integer from coord.tasks where type = ${type}`;
    const second = { task_id: row?.task_id, claim_token: row?.claim_token };
    expect(await bob.completeWork({ ...second, ...failure })).toMatchObject({ status: 'failed', attempts_left: 0 });
    expect(await titlesInOrder()).toEqual([]);
  });
});

describe('a completion is not accepted', () => {
  test('twice', async () => {
    await submit('once');
    const held = await claim();
    await ann.completeWork(held);
    await expect(ann.completeWork(held)).rejects.toMatchObject(lost('finished'));
  });

  test('from another session, even with the token', async () => {
    const task_id = await submit('mine');
    const held = await claim();
    await expect(bob.completeWork(held)).rejects.toMatchObject(lost('claimed_by_other'));
    expect(await ann.getTask({ task_id })).toMatchObject({ status: 'claimed', agent: 'ann' });
  });

  test('after the claim has lapsed, before and after somebody else has it', async () => {
    const task_id = await submit('late');
    const held = await claim();
    await expireClaim(db, task_id);
    await expect(ann.completeWork(held)).rejects.toMatchObject(lost('lapsed'));
    const next = await claim(bob);
    expect(next).toEqual({ task_id, claim_token: held.claim_token + 1 });
    await expect(ann.completeWork(held)).rejects.toMatchObject(lost('stale_token'));
    expect(await bob.completeWork(next)).toMatchObject({ status: 'done' });
  });

  test('of a task that nobody has claimed', async () => {
    const task_id = await submit('untouched');
    await expect(ann.completeWork({ task_id, claim_token: 1 })).rejects.toMatchObject(lost('not_claimed'));
  });
});

describe('a claim', () => {
  test('is renewed by a heartbeat for as long as it was asked for, and not once it has lapsed', async () => {
    const task_id = await submit('long');
    await ann.getWork({ types: [type], lease_seconds: 3600 });
    expect(await ann.heartbeat()).toMatchObject({ renewed_claims: 1 });
    const { claim_expires_at } = await ann.getTask({ task_id });
    expect(Date.parse(String(claim_expires_at)) - Date.now()).toBeGreaterThan(3_500_000);
    await expireClaim(db, task_id);
    expect(await ann.heartbeat()).toMatchObject({ renewed_claims: 0 });
  });

  test('is not touched by the heartbeat of another session', async () => {
    await submit('mine');
    await claim();
    expect(await bob.heartbeat()).toMatchObject({ renewed_claims: 0 });
  });
});
