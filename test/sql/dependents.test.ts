import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { claimed } from '../helpers/tasks.ts';

let db: TestDatabase;
let ann: TestSession;

/** Ten thousand tasks wait for one that Bob works on, one for another, and plain tasks are there to be done. */
beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  const bob = await db.session('bob');
  const { task_id } = await ann.submitWork({ title: 'root', priority: 1 });
  await bob.getWork();
  await db.sql`
    with blocked as (
      insert into coord.tasks (project_id, task_id, type, title, priority, status, rank, max_attempts, submitted_by, unmet)
      select p.project_id, coord._new_id(), 'task', 'waits', 5, 'blocked', clock_timestamp(), 3, 'ann', 1
      from coord.projects p, generate_series(1, 10000) where p.name = 'test' returning project_id, task_id)
    insert into coord.task_dependencies select b.project_id, b.task_id, ${task_id}::uuid from blocked b`;
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** How often a completion read the whole table of dependencies, and how many tasks it let go on. */
async function complete(plan: string): Promise<{ scans: number; unblocked: number }> {
  const { task_id, claim_token } = await claimed(ann);
  const p_caller = { project_id: await projectId(db, 'test'), session_id: ann.session_id };
  return db.sql.begin(async (sql) => {
    const scans = async () => {
      const [read] = await sql`
        select seq_scan::integer as scans from pg_stat_xact_user_tables where relname = 'task_dependencies'`;
      return Number(read?.scans);
    };
    await sql.unsafe(`set local plan_cache_mode = ${plan}`);
    const before = await scans();
    const [row] = await sql<{ answer: { unblocked: number } }[]>`
      select coord.complete_work(${JSON.stringify(p_caller)}::text::jsonb, ${task_id}::text::uuid,
        ${claim_token}::integer) as answer`;
    return { scans: (await scans()) - before, unblocked: Number(row?.answer.unblocked) };
  });
}

const plans = ['force_custom_plan', 'force_generic_plan'];
const statistics = ['old statistics', 'new statistics'];

test.each(statistics.flatMap((age) => plans.map((plan) => [age, plan] as const)))(
  'a completion does not read all dependencies of the project: %s, %s',
  async (age, plan) => {
    if (age === 'new statistics') await db.sql`analyze coord.task_dependencies, coord.tasks`;
    await ann.submitWork({ title: 'plain', priority: 1 });
    expect(await complete(plan)).toEqual({ scans: 0, unblocked: 0 });
    const { task_id } = await ann.submitWork({ title: 'first', priority: 1 });
    await ann.submitWork({ title: 'second', priority: 10, depends_on: [task_id] });
    expect(await complete(plan)).toEqual({ scans: 0, unblocked: 1 });
    const { task_id: second, claim_token } = await claimed(ann);
    await ann.completeWork({ task_id: second, claim_token });
  },
);
