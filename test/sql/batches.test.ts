import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { claimed, inSeconds, titlesFor } from '../helpers/tasks.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const project = `batches-${++projects}`;
  ann = await db.session('ann', { project });
  bob = await db.session('bob', { project });
});

const nobody = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

describe('submit_work_batch', () => {
  test('submits a plan whose tasks depend on each other, and on others, by key and by id', async () => {
    const { task_id } = await ann.submitWork({ title: 'before' });
    const { tasks } = await ann.submitWorkBatch({
      tasks: [
        { key: 'end', title: 'end', depends_on: ['left', 'right', 'left'] },
        { key: 'left', title: 'left', depends_on: ['start'] },
        { key: 'right', title: 'right', depends_on: ['start', task_id] },
        { key: 'start', title: 'start', priority: 1 },
        { title: 'free' },
      ],
    });
    expect(tasks.map(({ key, status, unmet_dependencies }) => [key, status, unmet_dependencies])).toEqual([
      ['end', 'blocked', 2],
      ['left', 'blocked', 1],
      ['right', 'blocked', 2],
      ['start', 'ready', 0],
      [undefined, 'ready', 0],
    ]);
    const order: string[] = [];
    for (let { task, claim_token } = await bob.getWork(); task; { task, claim_token } = await bob.getWork()) {
      order.push(task.title);
      await bob.completeWork({ task_id: task.task_id, claim_token: Number(claim_token) });
    }
    expect(order).toEqual(
      ['start', 'before', 'left', 'right', 'end', 'free'].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
    );
    expect(order.indexOf('end')).toBeGreaterThan(Math.max(order.indexOf('left'), order.indexOf('right')));
  });

  test.each([
    [
      'a circle of two',
      [
        { key: 'a', depends_on: ['b'] },
        { key: 'b', depends_on: ['a'] },
      ],
      'conflict',
    ],
    ['a task that waits for itself', [{ key: 'a', depends_on: ['a'] }], 'conflict'],
    [
      'a longer circle',
      ['b', 'c', 'd', 'a'].map((next, index) => ({ key: 'abcd'[index] as string, depends_on: [next] })),
      'conflict',
    ],
    ['an unknown key', [{ key: 'a', depends_on: ['z'] }], 'not_found'],
    ['an unknown id', [{ key: 'a' }, { key: 'b', depends_on: [nobody] }], 'not_found'],
    ['a key used twice', [{ key: 'a' }, { key: 'a' }], 'invalid_input'],
    ['a deadline that has passed', [{}, { deadline: inSeconds(-1) }], 'invalid_input'],
    ['an unknown parent', [{}, { parent_id: nobody }], 'not_found'],
    ['a way out of the repository', [{}, { paths: ['../a.ts'] }], 'invalid_input'],
  ])('refuses %s, and submits nothing', async (_, tasks, code) => {
    const batch = tasks.map((task, index) => ({ title: String(index), ...task }));
    await expect(ann.submitWorkBatch({ tasks: batch })).rejects.toMatchObject({ code });
    expect((await ann.listTasks()).tasks).toEqual([]);
    expect(
      await db.sql`select from coord.task_dependencies d join coord.projects using (project_id) where name = ${`batches-${projects}`}`,
    ).toEqual([]);
  });

  test('takes a hundred tasks with a hundred dependencies each', async () => {
    const hundred = Array.from({ length: 100 }, (_, index) => ({ title: String(index) }));
    const { tasks } = await ann.submitWorkBatch({ tasks: hundred });
    const depends_on = tasks.map(({ task_id }) => task_id);
    const after = await ann.submitWorkBatch({ tasks: hundred.map((task) => ({ ...task, depends_on })) });
    expect(after.tasks.map(({ unmet_dependencies }) => unmet_dependencies)).toEqual(hundred.map(() => 100));
  });

  test('finds the circle among ninety tasks that all wait for each other, and that there is none, in no time', async () => {
    const keys = Array.from({ length: 90 }, (_, index) => `k${index}`);
    const tasks = keys.map((key) => ({ key, title: key, depends_on: keys }));
    const began = performance.now();
    await expect(ann.submitWorkBatch({ tasks })).rejects.toMatchObject({ details: { reason: 'circular' } });
    const earlier = tasks.map((task, index) => ({ ...task, depends_on: keys.slice(0, index) }));
    expect((await ann.submitWorkBatch({ tasks: earlier })).tasks.at(-1)).toMatchObject({ unmet_dependencies: 89 });
    expect(performance.now() - began).toBeLessThan(4000);
  });

  test('finds the way round a dense graph to the parent of a hundred tasks, and that there is none, in no time', async () => {
    const { task_id: parent_id } = await ann.submitWork({ title: 'parent' });
    await ann.submitWork({ title: 'after', depends_on: [parent_id] });
    let layer: string[] = [parent_id];
    for (let depth = 0; depth < 8; depth++) {
      const tasks = Array.from({ length: 50 }, () => ({ title: 'layer', depends_on: depth === 0 ? [] : layer }));
      layer = (await ann.submitWorkBatch({ tasks })).tasks.map(({ task_id }) => task_id);
    }
    const children = (depends_on: string[]) =>
      Array.from({ length: 100 }, () => ({ title: 'child', parent_id, depends_on: depends_on.slice(0, 50) }));
    const began = performance.now();
    await ann.submitWorkBatch({ tasks: children(layer) });
    expect(performance.now() - began).toBeLessThan(5000);
    const [far] = (await ann.submitWorkBatch({ tasks: [{ title: 'far', depends_on: [...layer.slice(1), parent_id] }] }))
      .tasks;
    await expect(ann.submitWorkBatch({ tasks: children([far?.task_id as string]) })).rejects.toMatchObject({
      details: { reason: 'circular' },
    });
  }, 30_000);

  test('leaves one journal row a task', async () => {
    const { tasks } = await ann.submitWorkBatch({ tasks: [{ title: 'a' }, { title: 'b' }] });
    const rows =
      await db.sql`select resource from coord.journal where operation = 'submit_work_batch' and session_id = ${ann.session_id} order by entry_id`;
    expect(rows.map(({ resource }) => resource)).toEqual(tasks.map(({ task_id }) => `task:${task_id}`));
  });
});

describe('get_work_batch', () => {
  test('claims as many as were asked for, in order, each with its own claim', async () => {
    await ann.submitWorkBatch({ tasks: [5, 1, 9, 3].map((priority) => ({ title: String(priority), priority })) });
    const { claimed: some, claims } = await bob.getWorkBatch({ count: 3 });
    expect([some, claims.map(({ task }) => task.title)]).toEqual([true, ['1', '3', '5']]);
    for (const { task, claim_token } of claims) {
      expect(await bob.completeWork({ task_id: task.task_id, claim_token })).toMatchObject({ status: 'done' });
    }
    expect((await bob.getWorkBatch({ count: 3 })).claims).toHaveLength(1);
    expect(await bob.getWorkBatch({ count: 3 })).toEqual({ claimed: false, claims: [] });
  });

  test('takes from all lanes what the caller may take, and never two tasks that clash', async () => {
    await ann.submitWorkBatch({
      tasks: [
        { title: 'a', paths: ['x.ts'], priority: 1 },
        { title: 'clash', paths: ['x.ts'], priority: 2 },
        { title: 'b', type: 'review', priority: 3 },
        { title: 'hard', capabilities: ['sql'], priority: 4 },
        { title: 'c', priority: 5 },
      ],
    });
    const { claims } = await bob.getWorkBatch({ count: 50 });
    expect(claims.map(({ task }) => task.title)).toEqual(['a', 'b', 'c']);
    expect(await titlesFor(bob)).toEqual([]);
  });

  test('hands out no task twice, however many ask at once', async () => {
    await ann.submitWorkBatch({ tasks: Array.from({ length: 60 }, (_, index) => ({ title: String(index) })) });
    const answers = await Promise.all(Array.from({ length: 8 }, () => bob.getWorkBatch({ count: 10 })));
    const ids = answers.flatMap(({ claims }) => claims.map(({ task }) => task.task_id));
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
  });
});

describe('subtasks', () => {
  test('must have ended before their parent can be done', async () => {
    const { task_id: parent_id } = await ann.submitWork({ title: 'parent', priority: 1 });
    const { title: _, ...held } = await claimed(bob);
    const { tasks } = await bob.submitWorkBatch({
      tasks: ['1', '2', '3'].map((title) => ({ title, parent_id, retry: 'none' as const })),
    });
    await expect(bob.completeWork(held)).rejects.toMatchObject({
      code: 'conflict',
      details: { reason: 'open_subtasks' },
    });
    expect((await ann.listTasks({ parent_id })).tasks).toHaveLength(3);
    for (const [index, task] of tasks.entries()) {
      expect(await ann.getTask({ task_id: parent_id })).toMatchObject({ subtasks: { open: 3 - index, total: 3 } });
      const { title: __, ...part } = await claimed(ann);
      expect(part.task_id).toBe(task.task_id);
      if (index === 2) await bob.cancelTask({ task_id: part.task_id });
      else await ann.completeWork({ ...part, success: index === 0 });
    }
    expect(await bob.completeWork(held)).toMatchObject({ status: 'done' });
  });

  test('are given to a task by its submitter, its claimer, whoever works for them, and trust 3, and nobody else', async () => {
    const { task_id: parent_id } = await ann.submitWork({ title: 'parent' });
    const project = `batches-${projects}`;
    const mallet = await db.session('mallet', { project });
    const part = { title: 'part', parent_id };
    const refusal = { code: 'forbidden', details: { reason: 'insufficient_trust_level' } };
    await expect(mallet.submitWork({ ...part, assignee: 'mallet' })).rejects.toMatchObject(refusal);
    await expect(bob.submitWork(part)).rejects.toMatchObject(refusal);
    const held = await claimed(bob);
    expect(held.task_id).toBe(parent_id);
    await expect(mallet.submitWorkBatch({ tasks: [{ title: 'fine' }, part] })).rejects.toMatchObject(refusal);
    const { session_id } = await bob.openSubagent({ name: 'helper' });
    await speakAs(db, { project_id: await projectId(db, project), session_id } as never).submitWork(part);
    await bob.submitWork(part);
    await ann.submitWork(part);
    await (await db.session('lead', { project, trust: 3 })).submitWork(part);
    expect(await ann.getTask({ task_id: parent_id })).toMatchObject({ subtasks: { open: 4, total: 4 } });
    await bob.releaseTask({ task_id: parent_id, claim_token: held.claim_token });
    await expect(bob.submitWork(part)).rejects.toMatchObject(refusal);
  });

  test('are counted again when they are retried', async () => {
    const { task_id: parent_id } = await ann.submitWork({ title: 'parent' });
    const child = await ann.submitWork({ title: 'child', parent_id });
    await ann.cancelTask({ task_id: child.task_id });
    expect(await ann.getTask({ task_id: parent_id })).toMatchObject({ subtasks: { open: 0, total: 1 } });
    await ann.retryTask({ task_id: child.task_id });
    expect(await ann.getTask({ task_id: parent_id })).toMatchObject({ subtasks: { open: 1, total: 1 } });
  });

  test('cannot wait for their parent, however far round, and not have one that has ended', async () => {
    const parent = await ann.submitWork({ title: 'parent' });
    const after = await ann.submitWork({ title: 'after', depends_on: [parent.task_id] });
    for (const depends_on of [[parent.task_id], [after.task_id]]) {
      const child = ann.submitWork({ title: 'child', parent_id: parent.task_id, depends_on });
      await expect(child).rejects.toMatchObject({ code: 'conflict', details: { reason: 'circular' } });
    }
    await ann.cancelTask({ task_id: parent.task_id });
    const late = ann.submitWork({ title: 'late', parent_id: parent.task_id });
    await expect(late).rejects.toMatchObject({ code: 'conflict', details: { reason: 'finished' } });
  });
});
