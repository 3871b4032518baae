import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Submits tasks that nobody gets at once, and answers their ids. */
async function submit(tasks: object[]): Promise<string[]> {
  const run_after = new Date(Date.now() + 86_400_000).toISOString();
  const answer = await ann.submitWorkBatch({ tasks: tasks.map((task) => ({ title: 'x', run_after, ...task })) });
  return answer.tasks.map(({ task_id }) => task_id);
}

const circular = { code: 'conflict', details: { reason: 'circular' } };

test('subtasks that wait for the parent of others are no circle, until those wait for theirs', async () => {
  const [one = '', two = ''] = await submit([{}, {}]);
  await submit([{ depends_on: [one, two] }]);
  const crossed = [
    { parent_id: one, depends_on: [two] },
    { parent_id: two, depends_on: [one] },
  ];
  await expect(submit(crossed)).rejects.toMatchObject(circular);
  await submit([{ parent_id: one, depends_on: [two] }, { parent_id: two }]);
  await expect(submit([{ parent_id: two, depends_on: [one] }])).rejects.toMatchObject(circular);
});

test('where thousands would have to be looked at, that is said instead', { timeout: 30_000 }, async () => {
  const [parent = ''] = await submit([{}]);
  await submit([{ depends_on: [parent] }]);
  let last = await submit(Array.from({ length: 100 }, () => ({})));
  expect(await submit([{ parent_id: parent, depends_on: last }])).toHaveLength(1);
  for (let layer = 0; layer < 50; layer++) last = await submit(last.map((before) => ({ depends_on: [before] })));
  await expect(submit([{ parent_id: parent, depends_on: last }])).rejects.toMatchObject({
    code: 'limit_exceeded',
    details: { reason: 'too_many_dependents' },
  });
});

test('a task may wait for a graph in which each task waits for a hundred', async () => {
  const [parent = ''] = await submit([{}]);
  await submit([{ depends_on: [parent] }]);
  const layer = (before: string[]) => submit(Array.from({ length: 100 }, () => ({ depends_on: before })));
  let last = await layer([]);
  for (let layers = 1; layers < 8; layers++) last = await layer(last);
  expect(await submit([{ parent_id: parent, depends_on: last }])).toHaveLength(1);
});

test('two that each add a half of a circle at the same instant: one is refused', async () => {
  const bob = await db.session('bob', { trust: 3 });
  const [one = '', two = ''] = await submit([{}, {}]);
  const [afterOne = '', afterTwo = ''] = await submit([{ depends_on: [one] }, { depends_on: [two] }]);
  const half = (parent_id: string, waitsFor: string) => ({ title: 'x', parent_id, depends_on: [waitsFor] });
  let second: Promise<unknown> = Promise.resolve();
  await db.sql.begin(async (sql) => {
    await sql`
      select coord.submit_work_batch(jsonb_build_object('project_id', s.project_id, 'session_id', s.session_id),
        ${sql.json([half(one, afterTwo)])})
      from coord.sessions s where s.session_id = ${ann.session_id}`;
    second = bob.submitWork(half(two, afterOne)).catch((error: unknown) => error);
    const waiting = () => db.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await waiting()).length).toBeGreaterThan(0);
  });
  expect(await second).toMatchObject(circular);
});
