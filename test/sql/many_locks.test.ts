import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;

/** Folders within each other, and thousands of locks in the innermost. */
const trees = Array.from({ length: 50 }, (_, depth) => 'a/'.repeat(depth + 1));
const files = Array.from({ length: 4000 }, (_, index) => `${trees.at(-1)}${index}.ts`);

beforeAll(async () => {
  db = await cloneDatabase();
  [ann, bob] = await Promise.all([db.session('ann'), db.session('bob')]);
  for (let from = 0; from < files.length; from += 250) await ann.acquireLock({ paths: files.slice(from, from + 250) });
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('what lies below trees within each other is read once', async () => {
  const [found] = await db.sql`
    select cardinality(coord._overlapping_rows(p.project_id, ${[...trees, 'a/**/1*.ts']})) as rows,
      (select count(*)::integer from coord._scope_ranges(${[...trees, 'a/*.ts', 'b/', 'b*/x', 'c.ts']})) as ranges
    from coord.projects p`;
  expect(found).toEqual({ rows: files.length, ranges: 3 });
});

test('trees within each other are checked, and refused, whatever lies below', async () => {
  expect((await bob.checkLocks({ paths: trees, limit: 1 })).locks).toMatchObject([{ agent: 'ann' }]);
  const refused = { acquired: false, blocked_count: 100, position: 1 };
  expect(await bob.acquireLock({ paths: trees })).toMatchObject(refused);
});

test('tasks whose paths are such trees are passed over, and what is behind them is handed out', async () => {
  const tasks = Array.from({ length: 50 }, () => ({ title: 'busy', priority: 1, paths: trees }));
  await ann.submitWorkBatch({ tasks });
  await ann.submitWork({ title: 'behind' });
  expect((await bob.getWork()).task).toMatchObject({ title: 'behind' });
});

test('lapsed by thousands, they are taken with the tree, and their holder is told of ten and how many more', async () => {
  await db.sql`update coord.locks set expires_at = clock_timestamp() - interval '1 second'`;
  expect(await bob.acquireLock({ paths: ['a/'] })).toMatchObject({ acquired: true });
  const { notices = [] } = await ann.getTaskBoard();
  expect(notices).toHaveLength(10);
  expect(notices.at(-1)).toMatchObject({
    ...{ kind: 'lock_lapsed', taken_by: 'bob' },
    message: expect.stringContaining(`and ${files.length - 10} more of yours`),
  });
  const left = await db.sql`select path from coord.locks where session_id is not null`;
  expect(left).toEqual([{ path: 'a/' }]);
});

test('of claims with many paths, the newest 20,000 paths count as taken', async () => {
  const { task_id } = await ann.submitWork({
    title: 'x',
    paths: Array.from({ length: 100 }, (_, index) => `d/${index}`),
  });
  const [taken] = await db.sql`
    select count(*)::integer as paths, min(t.entry_id)::integer as oldest
    from coord._taken_paths(array(
      select jsonb_populate_record(null::coord.journal, jsonb_build_object('project_id', t.project_id, 'entry_id', n,
        'session_id', ${ann.session_id}::text, 'operation', 'get_work', 'outcome', 'ok', 'resource', 'task:' || t.task_id))
      from coord.tasks t cross join generate_series(1, 300) n where t.task_id = ${task_id})) t`;
  expect(taken).toEqual({ paths: 20_000, oldest: 101 });
});
