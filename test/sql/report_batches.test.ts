import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let project: string;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());
beforeEach(async () => {
  project = `report-batches-${++projects}`;
  ann = await db.session('ann', { project });
  bob = await db.session('bob', { project });
});

const nobody = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

type Claims = Awaited<ReturnType<TestSession['getWorkBatch']>>['claims'];
const reportsOf = (claims: Claims) => claims.map(({ task, claim_token }) => ({ task_id: task.task_id, claim_token }));

/** So many tasks of ann's, claimed by bob. */
async function claims(count: number): Promise<Claims> {
  await ann.submitWorkBatch({ tasks: Array.from({ length: count }, (_, index) => ({ title: String(index) })) });
  return (await bob.getWorkBatch({ count })).claims;
}

test('each report is judged by itself, and answered in the order given', async () => {
  const [first, stale, last] = reportsOf(await claims(3)) as [Report, Report, Report];
  const reports = [
    { task_id: nobody.toUpperCase(), claim_token: 1 },
    { ...stale, claim_token: stale.claim_token + 1 },
    { ...last, task_id: last.task_id.toUpperCase(), result: { commit: 'abc' } },
    first,
  ];
  const { results, claims: next } = await bob.completeWorkBatch({ reports });
  expect(results.map(({ status, error }) => error?.code ?? status)).toEqual(['not_found', 'conflict', 'done', 'done']);
  expect(results.map(({ task_id }) => task_id)).toEqual(reports.map(({ task_id }) => task_id.toLowerCase()));
  expect(results[1]?.error).toMatchObject({ details: { reason: 'stale_token' }, hint: expect.any(String) });
  expect(next).toEqual([]);
  expect(await ann.getTask({ task_id: last.task_id })).toMatchObject({ status: 'done', result: { commit: 'abc' } });
  expect(await ann.getTask({ task_id: stale.task_id })).toMatchObject({ status: 'claimed' });
  const { entries } = await ann.getTaskHistory({ task_id: first.task_id });
  expect(entries[0]).toMatchObject({ operation: 'complete_work', agent: 'bob', detail: { status: 'done' } });
  expect(await bob.completeWorkBatch({ reports: [stale] })).toMatchObject({ results: [{ status: 'done' }] });
});

type Report = ReturnType<typeof reportsOf>[number];
type Answer = Awaited<ReturnType<TestSession['completeWorkBatch']>>;

test('what depends on the tasks goes on, and the paths of those that have some are free', async () => {
  const { tasks } = await ann.submitWorkBatch({
    tasks: [
      { key: 'one', title: 'one' },
      { key: 'two', title: 'two', paths: ['two.ts'] },
      { title: 'then', depends_on: ['one', 'two'] },
    ],
  });
  const reports = reportsOf((await bob.getWorkBatch({ count: 5 })).claims);
  expect(await ann.checkLocks()).toMatchObject({ locks: [{ path: 'two.ts' }] });
  const { results } = await bob.completeWorkBatch({ reports });
  expect(results.map(({ unblocked }) => unblocked).toSorted()).toEqual([0, 1]);
  expect(await ann.getTask({ task_id: tasks[2]?.task_id as string })).toMatchObject({ status: 'ready' });
  expect(await ann.checkLocks()).toMatchObject({ locks: [] });
});

test('a parent may be reported with its last subtask, and not before', async () => {
  const { task_id: parent_id } = await ann.submitWork({ title: 'parent', priority: 1 });
  const [parent] = reportsOf((await bob.getWorkBatch({ count: 1 })).claims) as [Report];
  for (const title of ['one', 'two']) await ann.submitWork({ title, parent_id });
  const [one, two] = reportsOf((await bob.getWorkBatch({ count: 2 })).claims) as [Report, Report];
  const { results } = await bob.completeWorkBatch({ reports: [parent, one] });
  expect(results).toMatchObject([{ error: { details: { reason: 'open_subtasks' } } }, { status: 'done' }]);
  const last = await bob.completeWorkBatch({ reports: [parent, two] });
  expect(last.results).toMatchObject([{ status: 'done' }, { status: 'done' }]);
});

test('claims the next tasks for as long as the last ones, and no more than were accepted', async () => {
  await claims(6);
  await ann.submitWorkBatch({ tasks: Array.from({ length: 6 }, (_, index) => ({ title: `next ${index}` })) });
  const { claims: mine } = await bob.getWorkBatch({ count: 3, lease_seconds: 60 });
  const [one, two, three] = reportsOf(mine) as [Report, Report, Report];
  const reports = [one, { ...two, claim_token: two.claim_token + 1 }, three];
  const { claims: next } = await bob.completeWorkBatch({ reports, claim_next: 50 });
  expect(next.map(({ task }) => task.title)).toEqual(['next 3', 'next 4']);
  const left = next.map(({ claim_expires_at }) => (Date.parse(claim_expires_at) - Date.now()) / 1000);
  for (const seconds of left) expect(seconds).toBeLessThanOrEqual(61);
  // Nothing is left to accept, so nothing is claimed.
  expect(await bob.completeWorkBatch({ reports: [one, three], claim_next: 2 })).toMatchObject({ claims: [] });
});

test('asked again, it answers what was accepted, and the claims of then that are still to be had', async () => {
  const [one, two] = reportsOf(await claims(2)) as [Report, Report];
  await ann.submitWorkBatch({ tasks: Array.from({ length: 4 }, (_, index) => ({ title: `next ${index}` })) });
  const single = await bob.completeWork({ ...one, claim_next: true });
  const batch = await bob.completeWorkBatch({ reports: [two], claim_next: 1 });
  const reports = [one, { ...two, task_id: two.task_id.toUpperCase() }, { task_id: nobody, claim_token: 1 }];
  const again = await bob.completeWorkBatch({ reports, claim_next: 3, again: true });
  expect(again.results.map(({ status, error }) => error?.code ?? status)).toEqual(['done', 'done', 'not_found']);
  expect(again.claims.map(({ task }) => task)).toEqual([single.next?.task, batch.claims[0]?.task]);
  const [first, second] = reportsOf(again.claims) as [Report, Report];
  expect(first.claim_token).toBe(single.next?.claim_token);
  const half = await bob.completeWorkBatch({ reports: [one], claim_next: 1, again: true });
  expect(reportsOf(half.claims)).toEqual([first]);
  await bob.completeWork(first);
  const rest = await bob.completeWorkBatch({ reports, claim_next: 3, again: true });
  expect(reportsOf(rest.claims)).toEqual([second]);
  // It is no way to hear of what others did, or of what was not accepted.
  const refused = async (session: TestSession, report: Report) =>
    (await session.completeWorkBatch({ reports: [report], claim_next: 1, again: true })).results[0]?.error?.details;
  expect(await refused(ann, one)).toEqual({ reason: 'finished' });
  expect(await refused(bob, { ...one, claim_token: one.claim_token + 1 })).toEqual({ reason: 'finished' });
});

test('asked again about many calls, it answers no more than a page, and keeps nothing of it', async () => {
  const reports = reportsOf(await claims(12));
  const tasks = Array.from({ length: 4 }, (_, index) => ({ title: `${index}`, description: 'x'.repeat(200_000) }));
  for (let batch = 0; batch < 3; batch++) await ann.submitWorkBatch({ tasks });
  const made: string[] = [];
  for (const report of reports)
    made.push((await bob.completeWork({ ...report, claim_next: true })).next?.task?.task_id as string);
  const again = await bob.completeWorkBatch({ reports, again: true }, { idempotency_key: 'again' });
  expect(again.results.map(({ status }) => status)).toEqual(reports.map(() => 'done'));
  expect(again.claims.map(({ task }) => task.task_id)).toEqual(made.slice(0, 5));
  expect(await db.sql`select from coord.idempotency_keys where key = 'again'`).toHaveLength(0);
  const rest = await bob.completeWorkBatch({ reports: reports.slice(10), again: true });
  expect(rest.claims.map(({ task }) => task.task_id)).toEqual(made.slice(10));
});

test('asked again while the first call is under way, it is answered as the first, and nothing is claimed twice', async () => {
  for (let round = 0; round < 10; round++) {
    const reports = reportsOf(await claims(3));
    await ann.submitWorkBatch({ tasks: Array.from({ length: 9 }, (_, index) => ({ title: `next ${index}` })) });
    const call = () => bob.completeWorkBatch({ reports, claim_next: 3, again: true });
    const [first, ...others] = (await Promise.all([call(), call(), call()])) as [Answer, ...Answer[]];
    expect(first.claims).toHaveLength(3);
    for (const { claims: same } of others) expect(same).toEqual(first.claims);
    expect((await ann.listTasks({ status: 'claimed' })).tasks).toHaveLength(3);
    await bob.completeWorkBatch({ reports: reportsOf(first.claims) });
    await bob.completeWorkBatch({ reports: reportsOf((await bob.getWorkBatch({ count: 50 })).claims) });
  }
});

test('a task that is made to depend on one of them meanwhile goes on, or was seen', async () => {
  for (let round = 0; round < 20; round++) {
    const reports = reportsOf(await claims(4));
    const last = reports.at(-1) as Report;
    const [made] = await Promise.all([
      ann.submitWork({ title: 'then', type: 'then', depends_on: [last.task_id] }),
      bob.completeWorkBatch({ reports }),
    ]);
    expect((await ann.getTask({ task_id: made.task_id })).status).toBe('ready');
    const [row] = await db.sql`select unmet from coord.tasks where task_id = ${made.task_id}`;
    expect(row?.unmet).toBe(0);
  }
});

test('tasks with paths are reported beside others that cancel theirs, and nobody waits for ever', async () => {
  for (let round = 0; round < 5; round++) {
    const tasks = Array.from({ length: 12 }, (_, index) => ({ title: String(index), paths: [`${round}-${index}.ts`] }));
    await ann.submitWorkBatch({ tasks });
    const reports = reportsOf((await bob.getWorkBatch({ count: 50 })).claims);
    expect(reports).toHaveLength(12);
    const boss = await db.session('boss', { project, trust: 4 });
    const [{ results }] = await Promise.all([
      bob.completeWorkBatch({ reports }),
      ...reports
        .filter((_, index) => index % 3 === 0)
        .map(({ task_id }) => boss.cancelTask({ task_id }).catch(() => {})),
    ]);
    for (const { status, error } of results) expect(status ?? error?.details?.reason).toMatch(/done|finished/);
    expect((await ann.checkLocks()).locks).toEqual([]);
  }
});

test('the handoff of a session knows what it has done with them', async () => {
  const reports = reportsOf(await claims(3));
  await bob.completeWorkBatch({ reports });
  await bob.endSession();
  await db.sql`select coord.sweep_projects()`;
  const { handoffs } = await ann.readHandoff({ agent: 'bob' });
  expect(JSON.stringify(handoffs)).toContain('Tasks done: 3');
});

test('a session that may not claim has reported all the same', async () => {
  const reports = reportsOf(await claims(2));
  await ann.submitWork({ title: 'next' });
  const boss = await db.session('boss', { project, trust: 4 });
  await boss.setProfile({ profile: 'reporter', trust: 2, blocked_operations: ['get_work_batch'] });
  await boss.assignProfile({ profile: 'reporter', agent: 'bob' });
  const { results, claims: next, hint } = await bob.completeWorkBatch({ reports, claim_next: 2 });
  expect(results.map(({ status }) => status)).toEqual(['done', 'done']);
  expect([next, hint]).toEqual([[], expect.stringContaining('get_work_batch')]);
});

test('of two that come at the same time each report is accepted once, and what they claim is no more', async () => {
  for (let round = 0; round < 10; round++) {
    const reports = reportsOf(await claims(6));
    await ann.submitWorkBatch({ tasks: Array.from({ length: 20 }, (_, index) => ({ title: `next ${index}` })) });
    const answers = await Promise.all(
      [reports, reports.toReversed()].map((own) => bob.completeWorkBatch({ reports: own, claim_next: 6 })),
    );
    const accepted = answers.flatMap(({ results }) => results.filter(({ status }) => status === 'done'));
    expect(accepted).toHaveLength(6);
    expect(new Set(accepted.map(({ task_id }) => task_id)).size).toBe(6);
    const next = answers.flatMap(({ claims }) => claims);
    expect(next).toHaveLength(6);
    await bob.completeWorkBatch({ reports: reportsOf(next) });
    for (;;) {
      const { claims } = await bob.getWorkBatch({ count: 50 });
      if (claims.length === 0) break;
      await bob.completeWorkBatch({ reports: reportsOf(claims) });
    }
  }
});

test('a repetition with its key has the first answer, claims included', async () => {
  const reports = reportsOf(await claims(2));
  await ann.submitWorkBatch({ tasks: [{ title: 'a' }, { title: 'b' }, { title: 'c' }] });
  const options = { idempotency_key: 'once' };
  const first = await bob.completeWorkBatch({ reports, claim_next: 2 }, options);
  expect(first.claims).toHaveLength(2);
  expect(await bob.completeWorkBatch({ reports, claim_next: 2 }, options)).toEqual(first);
  expect((await bob.getWorkBatch({ count: 9 })).claims).toHaveLength(1);
});

test('a task that is named twice is refused before anything is done', async () => {
  const [report] = reportsOf(await claims(1)) as [Report];
  const twice = { reports: [report, { ...report, task_id: report.task_id.toUpperCase() }] };
  await expect(bob.completeWorkBatch(twice)).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('reports'),
  });
  expect(await ann.getTask({ task_id: report.task_id })).toMatchObject({ status: 'claimed' });
});
