import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

vi.setConfig({ testTimeout: 60_000 });

let db: TestDatabase;
let project: string;
let ann: TestSession;
let boss: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `many-${++projects}`;
  ann = await db.session('ann', { project });
  boss = await db.session('boss', { project, trust: 3 });
});

type Submission = Parameters<TestSession['submitWork']>[0];

async function submitMany(count: number, of: (index: number) => Submission): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += 100) {
    const tasks = Array.from({ length: Math.min(100, count - from) }, (_, index) => of(from + index));
    ids.push(...(await ann.submitWorkBatch({ tasks })).tasks.map(({ task_id }) => task_id));
  }
  return ids;
}

async function statuses(): Promise<Record<string, number>> {
  const rows = await db.sql<{ status: string; count: number }[]>`
    select t.status, count(*)::integer from coord.tasks t join coord.projects p using (project_id)
    where p.name = ${project} group by 1`;
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

const cascade = { on_dependency_failure: 'cascade' as const };

test('a failure that thousands fail with is followed step by step, and holds nobody up', async () => {
  const deadline = new Date(Date.now() + 3000).toISOString();
  const { task_id: root } = await ann.submitWork({ title: 'root', deadline, capabilities: ['nobody'] });
  const [middle = ''] = await submitMany(1, () => ({ title: 'middle', depends_on: [root], ...cascade }));
  await submitMany(700, () => ({ title: 'first', depends_on: [root], ...cascade }));
  await submitMany(700, () => ({ title: 'second', depends_on: [middle], ...cascade }));
  await submitMany(10, () => ({ title: 'patient', depends_on: [root] }));
  const { task_id } = await ann.submitWork({ title: 'urgent', priority: 1 });
  await pause(Math.max(0, Date.parse(deadline) - Date.now() + 10));
  expect(await boss.getWork()).toMatchObject({ claimed: true, task: { task_id } });
  const { failed = 0, blocked = 0 } = await statuses();
  expect(failed).toBeLessThan(600);
  expect(blocked).toBeGreaterThan(800);
  for (let round = 0; round < 6; round++) await boss.sweep();
  expect(await statuses()).toEqual({ failed: 1402, blocked: 10, claimed: 1 });
  const [told] = await db.sql`
    select count(*)::integer, count(distinct resource)::integer as tasks from coord.journal j join coord.projects p using (project_id)
    where p.name = ${project} and j.outcome = 'dependency_failed'`;
  expect(told).toEqual({ count: 1401, tasks: 1401 });
  const [due] = await db.sql`
    select count(*)::integer from coord.tasks t join coord.projects p using (project_id)
    where p.name = ${project} and t.status = 'failed' and t.due_at is not null`;
  expect(due).toEqual({ count: 0 });
});

test('a task has a thousand dependents at most, half of them of others, so that its report never takes long', async () => {
  const { task_id } = await boss.submitWork({ title: 'root' });
  const dependent = { title: 'x', depends_on: [task_id] };
  const refusal = { code: 'limit_exceeded', details: { reason: 'too_many_dependents' } };
  await submitMany(500, () => dependent);
  await expect(ann.submitWork(dependent)).rejects.toMatchObject(refusal);
  for (let batch = 0; batch < 5; batch++) await boss.submitWorkBatch({ tasks: Array(100).fill(dependent) });
  await expect(boss.submitWork(dependent)).rejects.toMatchObject(refusal);
  await expect(boss.submitWorkBatch({ tasks: [{ title: 'y' }, dependent] })).rejects.toMatchObject(refusal);
  const { claim_token } = await ann.getWork();
  const report = { task_id, claim_token: Number(claim_token), claim_next: true };
  expect(await ann.completeWork(report)).toMatchObject({ unblocked: 1000, next: { claimed: true } });
});

test('a session with hundreds of claims ends at once, and all of them are handed out again', async () => {
  await submitMany(1200, () => ({ title: 'x' }));
  for (let batch = 0; batch < 24; batch++) await ann.getWorkBatch({ count: 50 });
  expect(await boss.getWork()).toMatchObject({ claimed: false });
  expect(await ann.endSession()).toMatchObject({ returned_tasks: 500 });
  let claimed = 0;
  for (let calls = 0; claimed < 1200 && calls < 60; calls++) {
    claimed += (await boss.getWorkBatch({ count: 50 })).claims.length;
    if (calls === 20)
      await db.sql`update coord.tasks set terms.run_after = null, due_at = now() where status = 'scheduled'`;
  }
  expect(claimed).toBe(1200);
});

test('of more than a thousand kinds of tasks each is handed out, and a call that names types looks at those only', async () => {
  await submitMany(1300, (index) => ({ title: 'x', type: `kind-${index}` }));
  const { task_id } = await ann.submitWork({ title: 'last', type: 'zzz' });
  const { task_id: urgent } = await ann.submitWork({ title: 'urgent', priority: 1 });
  expect(await boss.getWork({ types: ['zzz'] })).toMatchObject({ claimed: true, task: { task_id } });
  expect(await boss.getWork({ types: ['nothing'] })).toMatchObject({ claimed: false });
  expect(await boss.getWork()).toMatchObject({ claimed: true, task: { task_id: urgent } });
  let claimed = 0;
  for (let calls = 0; claimed < 1300 && calls < 60; calls++) {
    claimed += (await boss.getWorkBatch({ count: 50 })).claims.length;
  }
  expect(claimed).toBe(1300);
});

test('a kind of task behind a thousand that nobody can do is not forgotten', async () => {
  await submitMany(1100, (index) => ({ title: 'x', type: `kind-${index}`, capabilities: ['nobody'] }));
  const ids = await submitMany(2, (index) => ({ title: 'late', type: ['kind-999-late', 'review'][index] ?? '' }));
  const found = new Set<string>();
  for (let calls = 0; found.size < 2 && calls < 300; calls++) {
    const { task } = await boss.getWork();
    if (task) found.add(task.task_id);
  }
  expect([...found].sort()).toEqual([...ids].sort());
});

test('a task that is cancelled while its dependency fails is counted off its parent once', async () => {
  const parent = (await ann.submitWork({ title: 'parent', type: 'parent' })).task_id;
  for (let round = 0; round < 10; round++) {
    const root = (await ann.submitWork({ title: 'root', type: 'root' })).task_id;
    const part = { title: 'part', parent_id: parent, depends_on: [root], ...cascade };
    const parts = (await ann.submitWorkBatch({ tasks: Array.from({ length: 20 }, () => part) })).tasks;
    const ends = parts.map(({ task_id }) => ann.cancelTask({ task_id }).catch(() => undefined));
    await Promise.all([boss.cancelTask({ task_id: root }), ...ends]);
  }
  const [row] = await db.sql`select (terms).open_subtasks from coord.tasks where task_id = ${parent}`;
  expect(row).toEqual({ open_subtasks: 0 });
});

test('an agent claims no more when it has 2,000, in all its sessions, but goes on with what it completes', async () => {
  const [twin, bob] = [await db.session('ann', { project }), await db.session('bob', { project })];
  const tasks = Array.from({ length: 100 }, () => ({ title: 'x' }));
  for (let batch = 0; batch < 20; batch++) await bob.submitWorkBatch({ tasks });
  const claimed = [];
  for (let batch = 0; batch < 40; batch++) {
    claimed.push(...(await (batch % 2 === 0 ? ann : twin).getWorkBatch({ count: 50 })).claims);
  }
  expect(claimed).toHaveLength(2000);
  // One call of fifty looks, so that a thousand are all lucky once in a billion times.
  const often = async (claim: () => Promise<unknown>) => {
    for (let call = 0; call < 1000; call++) await claim();
  };
  const refusal = { code: 'limit_exceeded', details: { reason: 'too_many_claims' } };
  await expect(often(() => ann.getWorkBatch({ count: 2 }))).rejects.toMatchObject(refusal);
  await expect(often(() => twin.getWork())).rejects.toMatchObject(refusal);
  await often(() => bob.getWork());
  await bob.submitWork({ title: 'x' });
  const [first] = claimed;
  const report = { task_id: first?.task.task_id as string, claim_token: first?.claim_token as number };
  expect(await ann.completeWork({ ...report, claim_next: true })).toMatchObject({ next: { claimed: true } });
});

test('reports that would let thousands go on are refused together, and taken one by one', async () => {
  const bob = await db.session('bob', { project });
  const ids = await submitMany(5, (index) => ({ title: String(index) }));
  const { claims } = await bob.getWorkBatch({ count: 5 });
  await submitMany(500, () => ({ title: 'waits', depends_on: ids }));
  const reports = claims.map(({ task, claim_token }) => ({ task_id: task.task_id, claim_token }));
  await expect(bob.completeWorkBatch({ reports })).rejects.toMatchObject({
    code: 'limit_exceeded',
    details: { reason: 'too_many_dependents' },
  });
  const { results } = await bob.completeWorkBatch({ reports: reports.slice(0, 4) });
  expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
  const [last] = reports.slice(4);
  expect(await bob.completeWork(last as NonNullable<typeof last>)).toMatchObject({ status: 'done', unblocked: 500 });
});
