import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { deadlocksIn } from '../helpers/deadlocks.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Calls that are each right alone, at once: they lock what they have in common in one order. */

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

test('cancelling tasks and retrying those that depend on them do not deadlock, nor does submitting beside them', async () => {
  const ann = await db.session('ann', { project: 'retries' });
  const before = await deadlocksIn(db);
  for (const _ of times(5)) {
    const [parent_id = '', first = ''] = (
      await ann.submitWorkBatch({ tasks: [{ title: 'parent' }, { title: 'first' }] })
    ).tasks.map(({ task_id }) => task_id);
    const below = async (depends_on: string[]) => {
      const tasks = times(6).map(() => ({ title: 'x', parent_id, depends_on }));
      return (await ann.submitWorkBatch({ tasks })).tasks.map(({ task_id }) => task_id);
    };
    const middle = await below([first]);
    const last = await below(middle);
    for (const task_id of last) await ann.cancelTask({ task_id });
    const calls = times(6).flatMap((index) => [
      ann.cancelTask({ task_id: middle[index] as string }),
      ann.retryTask({ task_id: last[index] as string }),
      ann.submitWork({ title: 'late', depends_on: [last[index] as string, middle[5 - index] as string] }),
    ]);
    await Promise.all(calls);
  }
  expect(await deadlocksIn(db)).toBe(before);
});

test('tasks whose status changes while others wait for them do not deadlock', async () => {
  const sessions = await Promise.all(
    times(8).map((index) => db.session(`agent-${index}`, { project: 'changing', trust: 3 })),
  );
  const [ann, ...others] = sessions as [TestSession, ...TestSession[]];
  const before = await deadlocksIn(db);
  const first = (await ann.submitWork({ title: 'first', type: 'first' })).task_id;
  const blocked = (
    await ann.submitWorkBatch({ tasks: times(8).map(() => ({ title: 'x', type: 'x', depends_on: [first] })) })
  ).tasks.map(({ task_id }) => task_id);
  for (const round of times(8)) {
    const { task_id } = await ann.submitWork({ title: 'last', type: `${round}` });
    const { claim_token } = await ann.getWork({ types: [`${round}`] });
    const submitting = times(28).map((index) => {
      const late = { title: 'late', type: 'late', depends_on: [...blocked, task_id] };
      return others[index % others.length]?.submitWork(late);
    });
    await Promise.all([
      ...submitting,
      pause(20).then(() => ann.completeWork({ task_id, claim_token: Number(claim_token) })),
    ]);
    // Its first subtask, and its last, change what a parent is.
    const parent_id = (await ann.submitWork({ title: 'parent', type: 'parent' })).task_id;
    const below = { title: 'part', type: 'part', parent_id, depends_on: blocked };
    await Promise.all(times(14).map((index) => others[index % others.length]?.submitWork(below)));
  }
  expect(await deadlocksIn(db)).toBe(before);
});

test('cancelling what others fail with and submitting below their older parents do not deadlock', async () => {
  const ann = await db.session('ann', { project: 'cascades' });
  const before = await deadlocksIn(db);
  const first = (await ann.submitWork({ title: 'first' })).task_id;
  for (const _ of times(3)) {
    const parents = (await ann.submitWorkBatch({ tasks: times(6).map(() => ({ title: 'parent' })) })).tasks;
    const { task_id } = await ann.submitWork({ title: 'x', depends_on: [first] });
    const failing = (depends_on: string[]) => ({ title: 'y', on_dependency_failure: 'cascade' as const, depends_on });
    const middle = (await ann.submitWorkBatch({ tasks: times(6).map(() => failing([task_id])) })).tasks;
    const depends_on = middle.map((task) => task.task_id);
    await ann.submitWorkBatch({
      tasks: parents.map((parent, index) => ({ ...failing([depends_on[index] as string]), parent_id: parent.task_id })),
    });
    const submitting = times(24).map((index) =>
      ann.submitWork({ title: 'late', parent_id: parents[index % 6]?.task_id as string, depends_on }),
    );
    await Promise.all([...submitting, ann.cancelTask({ task_id })]);
  }
  expect(await deadlocksIn(db)).toBe(before);
});

test('retrying and submitting tasks whose failure others are told of do not deadlock', async () => {
  const [ann] = await Promise.all(['ann', 'boss'].map((agent) => db.session(agent, { project: 'telling', trust: 3 })));
  if (!ann) throw new Error('no session');
  const before = await deadlocksIn(db);
  for (const _ of times(3)) {
    const first = (await ann.submitWork({ title: 'first' })).task_id;
    const telling = { title: 'x', depends_on: [first], escalate_to: 'boss' };
    const { tasks } = await ann.submitWorkBatch({ tasks: times(6).map(() => telling) });
    for (const { task_id } of tasks) await ann.cancelTask({ task_id });
    await Promise.all(tasks.flatMap(({ task_id }) => [ann.retryTask({ task_id }), ann.submitWork(telling)]));
  }
  expect(await deadlocksIn(db)).toBe(before);
});

test('a tree with files beside it and several files in it do not deadlock, nor does sharing them', async () => {
  const [ann, bob, eve] = (await Promise.all(
    ['ann', 'bob', 'eve'].map((agent) => db.session(agent, { project: 'trees' })),
  )) as [TestSession, TestSession, TestSession];
  const before = await deadlocksIn(db);
  const files = [...times(99).map((index) => `src/${index % 10}/${index}.ts`), 'z.txt'];
  const turns = async (session: TestSession, paths: string[], shared = false) => {
    for (const _ of times(60)) {
      const { acquired } = await session.acquireLock({ paths, shared });
      if (acquired) await session.releaseLock({ paths });
    }
  };
  await ann.acquireLock({ paths: files });
  await ann.releaseLock({ paths: files });
  await Promise.all([turns(ann, ['src/', 'z.txt']), turns(bob, files), turns(eve, [...files].reverse(), true)]);
  expect(await deadlocksIn(db)).toBe(before);
});
