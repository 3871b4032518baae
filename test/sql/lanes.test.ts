import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { titlesFor } from '../helpers/tasks.ts';

let db: TestDatabase;
let project: string;
let ann: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `lanes-${++projects}`;
  ann = await db.session('ann', { project, trust: 3 });
});

async function worker(name: string, capabilities: string[] = []): Promise<TestSession> {
  const session = await db.session(name, { project, beats: true });
  await session.registerSession({ capabilities, beats: true });
  return session;
}

async function assigneeOf(task_id: string): Promise<string | null> {
  return (await ann.getTask({ task_id })).assignee;
}

describe('a task that asks for capabilities', () => {
  test('goes to those who have all of them', async () => {
    const [fox, owl, all] = [
      await worker('fox', ['sql']),
      await worker('owl'),
      await worker('all', ['sql', 'ui', 'x']),
    ];
    await ann.submitWork({ title: 'both', capabilities: ['ui', 'sql', 'ui'], priority: 1 });
    await ann.submitWork({ title: 'sql', capabilities: ['sql'], priority: 2 });
    await ann.submitWork({ title: 'none', priority: 3 });
    expect(await titlesFor(owl)).toEqual(['none']);
    expect(await titlesFor(fox)).toEqual(['sql']);
    expect(await titlesFor(all)).toEqual(['both']);
  });

  test('keeps its place among all others', async () => {
    const fox = await worker('fox', ['sql', 'ui']);
    const lanes = [{}, { capabilities: ['sql'] }, { type: 'review' }, { capabilities: ['ui'], type: 'review' }];
    const order = [3, 1, 0, 2, 2, 0, 3, 1, 0, 1];
    for (const [index, lane] of order.entries()) {
      await ann.submitWork({ title: String(index), priority: 1 + (index % 2), ...lanes[lane] });
    }
    expect(await titlesFor(fox)).toEqual(['0', '2', '4', '6', '8', '1', '3', '5', '7', '9']);
  });

  test('is found among types that were asked for', async () => {
    const fox = await worker('fox', ['sql']);
    await ann.submitWork({ title: 'plain' });
    await ann.submitWork({ title: 'special', capabilities: ['sql'] });
    await ann.submitWork({ title: 'review', type: 'review', capabilities: ['sql'] });
    expect(await fox.getWork({ types: ['review'] })).toMatchObject({ task: { title: 'review' } });
    expect(await fox.getWork({ types: ['task', 'other'] })).toMatchObject({ task: { title: 'plain' } });
    expect(await fox.getWork({ types: ['task'] })).toMatchObject({ task: { title: 'special' } });
  });
});

describe('a task that is assigned', () => {
  test('by name goes to that agent alone', async () => {
    const [fox, owl] = [await worker('fox'), await worker('owl')];
    await ann.submitWork({ title: 'for fox', assignee: 'fox' });
    expect(await titlesFor(owl)).toEqual([]);
    expect((await ann.listTasks({ assignee: 'fox' })).tasks).toMatchObject([{ title: 'for fox', assignee: 'fox' }]);
    expect(await titlesFor(fox)).toEqual(['for fox']);
  });

  test('automatically goes to the capable agent with the fewest open tasks, and not to its submitter', async () => {
    await worker('fox', ['sql']);
    await worker('owl', ['sql']);
    await worker('rat');
    await ann.registerSession({ capabilities: ['sql'] });
    const auto = { assignee: 'auto', capabilities: ['sql'] };
    const { tasks } = await ann.submitWorkBatch({ tasks: ['1', '2', '3'].map((title) => ({ title, ...auto })) });
    const { task_id } = await ann.submitWork({ title: '4', ...auto });
    const agents = await Promise.all([...tasks, { task_id }].map((task) => assigneeOf(task.task_id)));
    expect(agents).toEqual(['fox', 'owl', 'fox', 'owl']);
  });

  test('automatically while nobody can do it is open, and given to the next capable agent that registers', async () => {
    const { task_id } = await ann.submitWork({ title: 'waits', assignee: 'auto', capabilities: ['sql'] });
    await worker('rat');
    expect(await assigneeOf(task_id)).toBeNull();
    const fox = await worker('fox', ['sql']);
    expect(await assigneeOf(task_id)).toBe('fox');
    await worker('owl', ['sql']);
    expect(await titlesFor(fox)).toEqual(['waits']);
  });

  test('automatically to none that may not claim: suspended, or by its profile', async () => {
    const root = await db.session('root', { project, trust: 4 });
    const [fox, owl] = [await worker('fox', ['sql']), await worker('owl', ['sql'])];
    await root.suspendAgent({ agent: 'fox' });
    await root.setProfile({ profile: 'reader', trust: 2, blocked_operations: ['work'] });
    await root.assignProfile({ profile: 'reader', agent: 'owl' });
    const { task_id } = await ann.submitWork({ title: 'x', assignee: 'auto', capabilities: ['sql'] });
    await owl.registerSession({ capabilities: ['sql'] });
    expect(await assigneeOf(task_id)).toBeNull();
    await root.resumeAgent({ agent: 'fox' });
    await fox.registerSession({ capabilities: ['sql'] });
    expect(await assigneeOf(task_id)).toBe('fox');
  });

  test('comes back when its agent has been gone for a minute: to the next one, or to everybody', async () => {
    const fox = await worker('fox');
    const named = await ann.submitWork({ title: 'named', assignee: 'fox' });
    const auto = await ann.submitWork({ title: 'auto', assignee: 'auto' });
    expect(await assigneeOf(auto.task_id)).toBe('fox');
    const owl = await worker('owl');
    await fox.endSession();
    await db.sql`update coord.tasks set created_at = created_at - interval '61 seconds'`;
    expect(await titlesFor(owl)).toEqual([]);
    await db.sql`update coord.sessions set ended_at = ended_at - interval '61 seconds' where agent = 'fox'`;
    await ann.sweep();
    expect(await assigneeOf(named.task_id)).toBeNull();
    expect(await assigneeOf(auto.task_id)).toBe('owl');
    expect((await titlesFor(owl)).sort()).toEqual(['auto', 'named']);
  });

  test('to an agent that nobody knows is refused', async () => {
    const refused = { code: 'not_found', message: expect.stringContaining('nobody') };
    await expect(ann.submitWork({ title: 'x', assignee: 'nobody' })).rejects.toMatchObject(refused);
    await expect(ann.submitWork({ title: 'x', escalate_to: 'nobody' })).rejects.toMatchObject(refused);
    expect((await ann.listTasks()).tasks).toEqual([]);
  });
});

/** Puts 10,000 ready tasks before all others. */
async function crowd(assignee: string | null, capability: string | null, { analyze = true } = {}): Promise<void> {
  await db.sql`
    insert into coord.tasks (project_id, task_id, type, title, priority, status, rank, max_attempts, submitted_by, lane, terms)
    select p.project_id, coord._new_id(), 'task', 'not mine', 1, 'ready', clock_timestamp() - interval '1 day', 3, 'ann',
      coalesce('~' || ${assignee}::text || E'\t', '') || 'task ' || coalesce(${capability}::text, ''),
      jsonb_populate_record(null::coord.task_terms, jsonb_build_object('assignee', ${assignee}::text,
        'capabilities', case when ${capability}::text is null then '[]' else jsonb_build_array(${capability}::text) end))
    from coord.projects p, generate_series(1, 10000) where p.name = ${project}`;
  if (analyze) await db.sql`analyze coord.tasks`;
}

/** Title of what the session claims, and how many rows of tasks were read for it. */
async function claimAndCount(session: TestSession): Promise<{ title: string; rows: number }> {
  const p_caller = { project_id: await projectId(db, project), session_id: session.session_id };
  return db.sql.begin(async (sql) => {
    const rowsRead = async () => {
      const [read] = await sql`
        select (idx_tup_fetch + seq_tup_read)::integer as rows from pg_stat_xact_user_tables where relname = 'tasks'`;
      return Number(read?.rows);
    };
    const before = await rowsRead();
    const [answer] = await sql<{ answer: { task?: { title: string } } }[]>`
      select coord.get_work(${JSON.stringify(p_caller)}::text::jsonb) as answer`;
    return { title: String(answer?.answer.task?.title), rows: (await rowsRead()) - before };
  });
}

test('tasks of others ahead cost one probe a lane, however many there are', async () => {
  const fox = await worker('fox', ['sql']);
  await ann.submitWork({ title: 'mine', capabilities: ['sql'] });
  await crowd(null, 'gpu');
  await crowd('owl', null);
  const { title, rows } = await claimAndCount(fox);
  expect(title).toBe('mine');
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThan(50);
});

test('a plain task is found by one look, however many wait', async () => {
  const fox = await worker('fox');
  await ann.submitWork({ title: 'mine', priority: 10 });
  await ann.submitWorkBatch({ tasks: Array.from({ length: 100 }, (_, index) => ({ title: `${index}` })) });
  await db.sql`
    insert into coord.tasks (project_id, task_id, type, title, priority, status, rank, max_attempts, submitted_by, unmet)
    select p.project_id, coord._new_id(), 'task', status, 1, status, clock_timestamp() + interval '1 day', 3, 'ann', unmet
    from coord.projects p, generate_series(1, 10000), (values ('ready', 0), ('blocked', 1)) s(status, unmet)
    where p.name = ${project}`;
  await db.sql`analyze coord.tasks`;
  const { title, rows } = await claimAndCount(fox);
  expect(title).toBe('0');
  expect(rows).toBeLessThan(20);
});

test.each(['get_work(%)', 'get_work_batch(%, 1)'])(
  'plans that were made for a short queue of special tasks serve a long one: %s',
  async (call) => {
    const fox = await worker('fox', ['sql']);
    const p_caller = { project_id: await projectId(db, project), session_id: fox.session_id };
    const connection = await db.sql.reserve();
    const claim = () => connection.unsafe(`select coord.${call.replace('%', '$1')}`, [p_caller]);
    const rowsRead = async () => {
      const [read] = await connection`
      select (idx_tup_fetch + seq_tup_read)::integer as rows from pg_stat_xact_user_tables where relname = 'tasks'`;
      return Number(read?.rows);
    };
    await db.sql`delete from coord.tasks`;
    await db.sql`vacuum analyze coord.tasks`;
    await ann.submitWork({ title: 'first', capabilities: ['sql'] });
    for (let times = 0; times < 6; times++) await claim();
    await ann.submitWork({ title: 'mine', capabilities: ['sql'] });
    await crowd(null, 'gpu', { analyze: false });
    await connection`begin`;
    const before = await rowsRead();
    await claim();
    expect((await rowsRead()) - before).toBeLessThan(50);
    await connection`commit`;
    connection.release();
  },
);
