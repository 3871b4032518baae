import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { lapse } from '../helpers/past.ts';

let db: TestDatabase;
let ann: TestSession;
let idempotency_key: string;
let keys = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  ann = await db.session('ann', { beats: true });
  idempotency_key = `key-${++keys}`;
});

const rows = async (table: 'tasks' | 'journal' | 'sessions') =>
  (await db.sql<{ count: number }[]>`select count(*)::integer from ${db.sql.unsafe(`coord.${table}`)}`)[0]?.count;

const reused = { code: 'conflict', details: { reason: 'idempotency_key_reused' } };

describe('a repeated idempotency key', () => {
  test('gives the first answer again and has no further effect', async () => {
    const first = await ann.submitWork({ title: 'once', tags: ['a', 'b'] }, { idempotency_key });
    const before = [await rows('tasks'), await rows('journal')];
    expect(await ann.submitWork({ title: 'once', tags: ['a', 'b'] }, { idempotency_key })).toEqual(first);
    // The same input, with the defaults written out and the fields in another order.
    const same = { tags: ['a', 'b'], priority: 5, type: 'task', title: 'once' };
    expect(await ann.submitWork(same, { idempotency_key })).toEqual(first);
    expect([await rows('tasks'), await rows('journal')]).toEqual(before);
  });

  test('does not claim a second task', async () => {
    for (const title of ['one', 'two']) await ann.submitWork({ title, type: 'claimed-once' });
    const first = await ann.getWork({ types: ['claimed-once'] }, { idempotency_key });
    expect(await ann.getWork({ types: ['claimed-once'] }, { idempotency_key })).toEqual(first);
    expect((await ann.listTasks({ type: 'claimed-once', status: 'ready' })).tasks).toHaveLength(1);
  });

  test('does not take a lock that was released since', async () => {
    const first = await ann.acquireLock({ paths: ['once.ts'] }, { idempotency_key });
    await ann.releaseLock({ paths: ['once.ts'] });
    expect(await ann.acquireLock({ paths: ['once.ts'] }, { idempotency_key })).toEqual(first);
    expect((await ann.checkLocks({ paths: ['once.ts'] })).locks).toEqual([]);
  });

  test('with another input, or for another operation, is a conflict that changes nothing', async () => {
    await ann.submitWork({ title: 'first' }, { idempotency_key });
    const before = await rows('tasks');
    await expect(ann.submitWork({ title: 'second' }, { idempotency_key })).rejects.toMatchObject(reused);
    await expect(ann.acquireLock({ paths: ['a.ts'] }, { idempotency_key })).rejects.toMatchObject(reused);
    expect(await rows('tasks')).toBe(before);
    expect((await ann.checkLocks({ paths: ['a.ts'] })).locks).toEqual([]);
  });

  test('gives a refusal again, and does not try anew', async () => {
    const { task_id } = await ann.submitWork({ title: 'claimed later', type: 'later' });
    const wrong = () => ann.completeWork({ task_id, claim_token: 1 }, { idempotency_key });
    await expect(wrong()).rejects.toMatchObject({ code: 'conflict', details: { reason: 'not_claimed' } });
    await ann.getWork({ types: ['later'] });
    await expect(wrong()).rejects.toMatchObject({ code: 'conflict', details: { reason: 'not_claimed' } });
    expect(await ann.getTask({ task_id })).toMatchObject({ status: 'claimed' });
  });

  test('is free again after a call that had no effect because its input was bad', async () => {
    await expect(ann.acquireLock({ paths: ['../a.ts'] }, { idempotency_key })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect(await ann.acquireLock({ paths: ['a/b.ts'] }, { idempotency_key })).toMatchObject({ acquired: true });
  });
});

describe('an idempotency key', () => {
  test('belongs to its agent: another may use the same', async () => {
    const bob = await db.session('bob');
    const one = await ann.submitWork({ title: 'same' }, { idempotency_key });
    const other = await bob.submitWork({ title: 'same' }, { idempotency_key });
    expect(one.task_id).not.toBe(other.task_id);
  });

  test('belongs to its project: the same agent may use it in another', async () => {
    const elsewhere = await db.session('ann', { project: 'elsewhere' });
    const one = await ann.submitWork({ title: 'same' }, { idempotency_key });
    expect((await elsewhere.submitWork({ title: 'same' }, { idempotency_key })).task_id).not.toBe(one.task_id);
  });

  test('opens no door: a session that has lapsed is told so', async () => {
    await ann.submitWork({ title: 'task' }, { idempotency_key });
    await lapse(db, ann);
    await expect(ann.submitWork({ title: 'task' }, { idempotency_key })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('of a registration opens one session', async () => {
    const caller = { project_id: await projectId(db), agent: 'new', agent_type: 'test', trust: 2 };
    const before = await rows('sessions');
    const first = await speakAs(db, caller).registerSession({}, { idempotency_key });
    expect(await speakAs(db, caller).registerSession({}, { idempotency_key })).toEqual(first);
    expect(await rows('sessions')).toBe(Number(before) + 1);
  });
});

test('a lock that was granted to one session is not told to another session of the same agent', async () => {
  const [one, other] = [await db.session('twin'), await db.session('twin')];
  const options = { idempotency_key: 'lock-idem' };
  expect(await one.acquireLock({ paths: ['idem.ts'] }, options)).toMatchObject({ acquired: true });
  await expect(other.acquireLock({ paths: ['idem.ts'] }, options)).rejects.toMatchObject({ code: 'conflict' });
  expect(await one.acquireLock({ paths: ['idem.ts'] }, options)).toMatchObject({ acquired: true });
});
