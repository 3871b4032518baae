import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

// Hundreds of pages are read.
vi.setConfig({ testTimeout: 60_000 });

let db: TestDatabase;
let ann: TestSession;

const many = 12_000;

type Filter = Parameters<TestSession['listTasks']>[0];

/** So many tasks in each status, one after the other, so that most are far from the newest; of the dated, half have a lane. */
beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  await db.sql`
    insert into coord.tasks (project_id, task_id, type, title, priority, status, rank, max_attempts, submitted_by, lane,
      due_at, tags, terms)
    select p.project_id, coord._new_id(), case when n % 2 = 0 then 'docs' else 'task' end, s.status || ' ' || n, 5, s.status,
      clock_timestamp() - n * interval '1 second', 3, 'ann', case when n % 2 = 0 then 'docs ' end,
      case when s.status = 'scheduled' then d.run_after end, case when n = 1 then '{rare}'::text[] else '{}' end,
      case when s.status = 'scheduled' then jsonb_populate_record(null::coord.task_terms,
        jsonb_build_object('run_after', d.run_after)) end
    from coord.projects p, (values ('failed', 1), ('ready', 2), ('scheduled', 3), ('blocked', 4), ('done', 5), ('cancelled', 6))
      s(status, place), generate_series(1, ${many}) n, lateral (select clock_timestamp() + interval '1 day' - n * interval '1 second') d(run_after)
    where p.name = 'test' order by s.place, n`;
  await db.sql`vacuum analyze coord.tasks`;
}, 120_000);
afterAll(() => db?.[Symbol.asyncDispose]());

/** How many rows of tasks are read by the function, with the plan that is made for this call or with the one for all. */
async function rowsRead(name: string, input: Record<string, unknown>, plan: 'custom' | 'generic'): Promise<number> {
  const p_caller = { project_id: await projectId(db, 'test'), session_id: ann.session_id };
  const names = ['p_caller', ...Object.keys(input)].map((each, index) => `${each} => $${index + 1}`);
  return db.sql.begin(async (sql) => {
    const read = async () => {
      const [row] = await sql`
        select (idx_tup_fetch + seq_tup_read)::integer as rows from pg_stat_xact_user_tables where relname = 'tasks'`;
      return Number(row?.rows);
    };
    const before = await read();
    await sql.unsafe(`set local plan_cache_mode = force_${plan}_plan`);
    await sql.unsafe(`select coord.${name}(${names})`, [p_caller, ...Object.values(input)] as string[]);
    return (await read()) - before;
  });
}

/** Titles of all pages. */
async function titlesOf(filter: Filter): Promise<string[]> {
  const titles: string[] = [];
  for (let before: string | undefined, page = 0; page < 1000; page++) {
    const { tasks, next_before } = await ann.listTasks({ ...filter, ...(before ? { before } : {}), limit: 200 });
    titles.push(...tasks.map(({ title }) => title));
    if (next_before === null) return titles;
    before = next_before;
  }
  throw new Error('The pages do not end.');
}

/** Titles of all tasks in that status, in the order of that column. */
async function allOf(status: string, order: string): Promise<string[]> {
  const rows = await db.sql.unsafe(`select title from coord.tasks where status = $1 order by ${order}`, [status]);
  return rows.map(({ title }) => title);
}

describe.each(['custom', 'generic'] as const)('with a plan that is %s', (plan) => {
  test.each([null, 'failed', 'ready', 'scheduled', 'blocked', 'cancelled'])(
    'a page of a long list reads little more than it shows: status %s',
    async (status) => {
      expect(await rowsRead('list_tasks', { p_status: status }, plan)).toBeLessThan(400);
    },
  );

  test('the board reads no more than it counts', async () => {
    expect(await rowsRead('get_task_board', {}, plan)).toBeLessThan(6000);
  });

  test('whoever looks for what is rare looks at 10,000 tasks', async () => {
    expect(await rowsRead('list_tasks', { p_tag: 'never' }, plan)).toBeLessThan(10_200);
    expect(await rowsRead('list_tasks', { p_status: 'done', p_type: 'never' }, plan)).toBeLessThan(10_200);
  });
});

describe('the pages of a long list', () => {
  test.each(['failed', 'blocked', 'cancelled', 'done'])('have each task once, the newest first: %s', async (status) => {
    expect(await titlesOf({ status: status as 'failed' })).toEqual(await allOf(status, 'task_id desc'));
  });

  test('have each task once, in the order of their turn: ready, scheduled', async () => {
    expect(await titlesOf({ status: 'ready' })).toEqual(await allOf('ready', 'rank'));
    expect(await titlesOf({ status: 'scheduled' })).toEqual(await allOf('scheduled', 'due_at'));
  });

  test('go on behind a task that has been claimed meanwhile', async () => {
    const [first, second] = (await ann.listTasks({ status: 'ready', limit: 2 })).tasks;
    const { task } = await ann.getWork();
    expect(task?.task_id).toBe(first?.task_id);
    expect((await ann.listTasks({ status: 'ready', before: String(task?.task_id), limit: 1 })).tasks).toEqual([second]);
  });

  test('find what is rare at last, and say until then that there may be more', async () => {
    const first = await ann.listTasks({ tag: 'rare', status: 'failed' });
    expect([first.tasks, first.next_before]).toEqual([[], expect.any(String)]);
    expect(await titlesOf({ tag: 'rare', status: 'failed' })).toEqual(['failed 1']);
    expect(await titlesOf({ tag: 'rare', status: 'ready' })).toEqual(['ready 1']);
    expect(await titlesOf({ tag: 'rare' })).toHaveLength(6);
    expect(await titlesOf({ type: 'docs', status: 'scheduled' })).toHaveLength(many / 2);
  });

  test('of a status whose tasks have deadlines are as those of any', async () => {
    await db.sql`update coord.tasks set due_at = clock_timestamp() + interval '1 day'
      where status = 'blocked' and title in ('blocked 1', 'blocked 3000')`;
    expect(await titlesOf({ status: 'blocked' })).toEqual(await allOf('blocked', 'task_id desc'));
    await db.sql`update coord.tasks set due_at = clock_timestamp() + interval '1 day' where status = 'blocked'`;
    expect(await titlesOf({ status: 'blocked' })).toEqual(await allOf('blocked', 'task_id desc'));
  });
});

test('the board counts up to a thousand', async () => {
  const { tasks } = await ann.getTaskBoard();
  expect(tasks).toMatchObject({ ready: 1000, blocked: 1000, scheduled: 1000, failed: 1000, cancelled: 1000, done: 0 });
});

test('a page after a task that there is none of is refused, whatever the order', async () => {
  const before = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';
  for (const filter of [{}, { status: 'ready' as const }, { status: 'scheduled' as const }]) {
    await expect(ann.listTasks({ ...filter, before })).rejects.toMatchObject({ code: 'not_found' });
  }
});
