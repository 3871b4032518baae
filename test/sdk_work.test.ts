import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError, type Transport } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { type Claim, Session } from '@agentcoord/sdk';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let project: string;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());
beforeEach(async () => {
  project = `work-${++projects}`;
  ann = await db.session('ann', { project });
});

const bobs = () => localTransport(db.database, project, { agent: 'bob', agent_type: 'test', trust: 2 });

async function submit(count: number, fields: object = {}): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, index) => ({ title: String(index), ...fields }));
  return (await ann.submitWorkBatch({ tasks })).tasks.map(({ task_id }) => task_id);
}

test('does all tasks, never more at a time than told, and reports them together', async () => {
  const ids = await submit(40);
  const calls = { reports: 0 };
  await using bob = new Session(counting(bobs(), calls));
  let [now, most] = [0, 0];
  const work = async ({ task }: Claim) => {
    most = Math.max(most, ++now);
    await pause(5);
    now--;
    return { title: task.title };
  };
  await bob.work(work, { concurrency: 8, untilEmpty: true });
  expect(most).toBe(8);
  expect(bob.openClaims).toBe(0);
  for (const [index, task_id] of ids.entries()) {
    expect(await ann.getTask({ task_id })).toMatchObject({
      status: 'done',
      result: { title: String(index) },
      attempts: 1,
    });
  }
  expect(calls.reports).toBeLessThan(30);
});

test('an attempt whose handler throws has failed, and the others go on', async () => {
  const [bad, ...good] = await submit(6, { max_attempts: 1 });
  await using bob = new Session(bobs());
  const work = async ({ task }: Claim) => {
    if (task.task_id === bad) throw new Error('no network');
    return undefined;
  };
  await bob.work(work, { concurrency: 3, untilEmpty: true });
  expect(await ann.getTask({ task_id: bad as string })).toMatchObject({ status: 'failed', error: 'no network' });
  for (const task_id of good) expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done' });
});

test('what is refused together is reported by itself', async () => {
  const [bad, ...good] = await submit(4, { max_attempts: 1 });
  const errors: unknown[] = [];
  await using bob = new Session(bobs(), { onError: (error) => errors.push(error) });
  const work = async ({ task }: Claim) => (task.task_id === bad ? { command: 'rm -rf /' } : undefined);
  await bob.work(work, { concurrency: 4, untilEmpty: true });
  expect(errors).toMatchObject([{ code: 'forbidden' }]);
  expect(await ann.getTask({ task_id: bad as string })).toMatchObject({ status: 'failed' });
  for (const task_id of good) expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done' });
});

test.each([1, 4])(
  'an answer that got lost is asked for again, so that no claim is lost: %d at a time',
  async (concurrency) => {
    const ids = await submit(3 * concurrency);
    const calls: string[] = [];
    const losing: Transport = {
      ...bobs(),
      async invoke(operation, input, options) {
        const answer = await bobs().invoke(operation, input, options);
        if (!operation.name.startsWith('complete_work')) return answer;
        calls.push(operation.name);
        if (calls.length % 3 === 0) return answer;
        throw new CoordinationError({ code: 'unavailable', message: 'The answer got lost.', hint: 'Ask again.' });
      },
    };
    const errors: unknown[] = [];
    await using bob = new Session(losing, { onError: (error) => errors.push(error) });
    await bob.work(async () => undefined, { concurrency, untilEmpty: true });
    for (const task_id of ids) expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done', attempts: 1 });
    expect(errors).toEqual([]);
    expect(calls.length).toBe(3 * 3);
  },
);

test('an attempt that failed while the server was away is reported when it is back', async () => {
  const [task_id] = (await submit(1, { max_attempts: 1 })) as [string];
  let lost = 0;
  const away: Transport = {
    ...bobs(),
    async invoke(operation, input, options) {
      if (operation.name !== 'complete_work' || ++lost > 2) return bobs().invoke(operation, input, options);
      throw new CoordinationError({ code: 'unavailable', message: 'Nobody is there.', hint: 'Call again.' });
    },
  };
  await using bob = new Session(away);
  const work = async () => {
    throw new Error('bad luck');
  };
  await bob.work(work, { untilEmpty: true });
  expect(await ann.getTask({ task_id })).toMatchObject({ status: 'failed', error: 'bad luck' });
});

test.each(['get_work_batch', 'get_work'])('what %s claimed without being heard is not lost', async (name) => {
  let lost = 0;
  const losing: Transport = {
    ...bobs(),
    async invoke(operation, input, options) {
      const answer = (await bobs().invoke(operation, input, options)) as { claimed?: boolean };
      if (operation.name !== name || !answer.claimed || ++lost > 1) return answer;
      throw new CoordinationError({ code: 'unavailable', message: 'The answer got lost.', hint: 'Ask again.' });
    },
  };
  const end = new AbortController();
  await using bob = new Session(losing);
  const done = new Set<string>();
  const work = async ({ task }: Claim) => {
    if (done.add(task.title).size === 3) end.abort();
    return undefined;
  };
  const ids = name === 'get_work' ? [] : await submit(3);
  const working = bob.work(work, { concurrency: 3, signal: end.signal });
  await pause(300);
  if (name === 'get_work') ids.push(...(await submit(3)));
  await working;
  expect(lost).toBeGreaterThan(0);
  for (const task_id of ids) expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done', attempts: 1 });
});

test.each([1, 2])(
  'a task that leaves a subtask open has failed, and is tried again: %d at a time',
  async (concurrency) => {
    const ids = await submit(2, { retry_seconds: 0, max_attempts: 20 });
    const errors: unknown[] = [];
    await using bob = new Session(bobs(), { onError: (error) => errors.push(error) });
    const work = async ({ task }: Claim) => {
      if (task.title === '0' && task.attempt === 1) {
        await bob.coordinator.submitWork({ title: 'sub', parent_id: task.task_id, priority: 1 });
      }
      return undefined;
    };
    await bob.work(work, { concurrency, untilEmpty: true });
    // With two in hand the subtask may be done meanwhile, and be reported together with it.
    if (concurrency === 1) expect(errors).toHaveLength(1);
    for (const error of errors) expect(error).toMatchObject({ code: 'conflict', details: { reason: 'open_subtasks' } });
    for (const task_id of ids) expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done' });
  },
);

test('waits for tasks until told to end, and then finishes what it has in hand', async () => {
  const end = new AbortController();
  await using bob = new Session(bobs());
  const done: string[] = [];
  const begun = Promise.withResolvers<void>();
  const work = async ({ task }: Claim) => {
    if (task.title === '1') begun.resolve();
    await pause(50);
    done.push(task.title);
    return undefined;
  };
  const working = bob.work(work, { concurrency: 2, signal: end.signal });
  await pause(100);
  const ids = await submit(2);
  await begun.promise;
  await submit(2, { type: 'later' });
  end.abort();
  await working;
  expect(done.toSorted()).toEqual(['0', '1']);
  for (const task_id of ids) expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done' });
  expect((await ann.listTasks({ status: 'ready' })).tasks).toHaveLength(2);
});

test('takes the types that it was told to take, and no other', async () => {
  await submit(3, { type: 'docs' });
  await submit(3, { type: 'code' });
  await using bob = new Session(bobs());
  const types: string[] = [];
  const work = async ({ task }: Claim) => void types.push(task.type) as undefined;
  await bob.work(work, { concurrency: 2, types: ['docs'], untilEmpty: true });
  expect(types).toEqual(['docs', 'docs', 'docs']);
});

test('who may not claim is told so', async () => {
  const reader = localTransport(db.database, project, { agent: 'reader', agent_type: 'test', trust: 1 });
  await using session = new Session(reader);
  await expect(session.work(async () => undefined)).rejects.toMatchObject({ code: 'forbidden' });
  expect(() => session.work(async () => undefined, { concurrency: 0 })).toThrow(RangeError);
});

function counting(transport: Transport, calls: { reports: number }): Transport {
  return {
    ...transport,
    invoke(operation, input, options) {
      if (operation.name === 'complete_work_batch') calls.reports++;
      return transport.invoke(operation, input, options);
    },
  };
}
