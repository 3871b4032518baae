import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { deadlocksIn } from '../helpers/deadlocks.ts';

vi.setConfig({ testTimeout: 60_000 });

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

type Claims = Awaited<ReturnType<TestSession['getWorkBatch']>>['claims'];

const reportAll = (session: TestSession, claims: Claims, claim_next: boolean) =>
  claims.map(({ task, claim_token }) => session.completeWork({ task_id: task.task_id, claim_token, claim_next }));

const times = (count: number) => Array.from({ length: count }, (_, index) => index);

test('completions that claim the next task do not wait for tasks while others wait for the locks that they free', async () => {
  const [ann, bob] = [await db.session('ann', { project: 'next' }), await db.session('bob', { project: 'next' })];
  for (const round of times(4)) {
    const submit = async (title: string, more: object) =>
      (await ann.submitWork({ title, type: `${title}-${round}`, ...more })).task_id;
    const deadline = new Date(Date.now() + 1500).toISOString();
    const [first, second, late] = [[], [], []] as string[][];
    for (const index of times(6)) {
      first?.push(await submit('first', { paths: [`a/${round}/${index}`] }));
      second?.push(await submit('second', { paths: [`b/${round}/${index}`] }));
      late?.push(await submit('late', { deadline, capabilities: ['nobody'] }));
    }
    const depends_on = [...(second ?? []), ...(late ?? [])];
    for (const _ of times(6)) await submit('dependent', { depends_on, on_dependency_failure: 'cascade' });
    const mine = await ann.getWorkBatch({ count: 6, types: [`first-${round}`] });
    const other = await bob.getWorkBatch({ count: 6, types: [`second-${round}`] });
    await pause(Math.max(0, Date.parse(deadline) - Date.now() + 20));
    await Promise.all([...reportAll(ann, mine.claims, true), ...reportAll(bob, other.claims, false)]);
  }
  expect(await deadlocksIn(db)).toBe(0);
});

test('a call that renews claims on files does not wait for tasks while it has their locks', async () => {
  const project = 'renewing';
  const root = await db.session('root', { project, trust: 4 });
  // Calls are counted, so that each of them is looked at closely and renews what the agent has.
  await root.setProfile({ profile: 'counted', trust: 2, calls_per_hour: 100_000 });
  const workers = [await db.session('eve', { project }), await db.session('fay', { project })];
  for (const agent of ['eve', 'fay']) await root.assignProfile({ profile: 'counted', agent });
  for (const round of times(8)) {
    const type = `type-${round}`;
    const tasks = times(12).map((index) => ({ title: `${index}`, type, paths: [`c/${round}/${index}`] }));
    const submitted = await root.submitWorkBatch({ tasks });
    const depends_on = submitted.tasks.map(({ task_id }) => task_id);
    for (const _ of times(5)) await root.submitWork({ title: 'dependent', type: 'dependent', depends_on });
    const claims = await Promise.all(workers.map((worker) => worker.getWorkBatch({ count: 6, types: [type] })));
    const reports = workers.flatMap((worker, index) => reportAll(worker, claims[index]?.claims ?? [], false));
    expect((await Promise.all(reports)).length).toBe(12);
  }
  expect(await deadlocksIn(db)).toBe(0);
});

test('reports after an outage give back its time once, and do not wait for each other', async () => {
  const project = 'resuming';
  const workers = await Promise.all(times(8).map((index) => db.session(`w${index}`, { project })));
  for (const index of times(16))
    await workers[0]?.submitWork({ title: 'x', ...(index < 8 ? {} : { type: 'special' }) });
  const claims = await Promise.all(workers.map((worker) => worker.getWorkBatch({ count: 1 })));
  await db.sql`update coord.pulse set is_steady = true, swept_at = clock_timestamp() - interval '20 seconds'`;
  const reports = workers.flatMap((worker, index) => reportAll(worker, claims[index]?.claims ?? [], true));
  for (const { status, next } of await Promise.all(reports)) {
    expect({ status, next }).toMatchObject({ status: 'done', next: { claimed: true } });
  }
  expect(await deadlocksIn(db)).toBe(0);
});

test('batches whose tasks have dependents and parents in common do not deadlock', async () => {
  const project = 'batches';
  const ann = await db.session('ann', { project });
  const workers = await Promise.all(times(6).map((index) => db.session(`worker-${index}`, { project })));
  const before = await deadlocksIn(db);
  for (const round of times(3)) {
    const type = `done-${round}`;
    const parents = await ann.submitWorkBatch({ tasks: times(10).map(() => ({ title: 'parent', type: 'parent' })) });
    const tasks = times(60).map((index) => ({
      ...{ title: String(index), type },
      parent_id: parents.tasks[(index * 7) % 10]?.task_id as string,
    }));
    const ids = (await ann.submitWorkBatch({ tasks })).tasks.map(({ task_id }) => task_id);
    const dependents = await ann.submitWorkBatch({
      tasks: times(80).map((index) => ({
        ...{ title: 'dependent', type: 'dependent' },
        depends_on: times(6).map((worker) => ids[worker * 10 + ((index * (worker + 3)) % 10)] as string),
      })),
    });
    const claims = await Promise.all(workers.map((worker) => worker.getWorkBatch({ count: 10, types: [type] })));
    const answers = await Promise.all(
      workers.map((worker, index) =>
        worker.completeWorkBatch({
          reports: claims[index]?.claims.map(({ task, claim_token }) => ({ task_id: task.task_id, claim_token })) ?? [],
        }),
      ),
    );
    const unblocked = answers.flatMap(({ results }) => results.map((result) => result.unblocked ?? 0));
    expect(unblocked.reduce((sum, count) => sum + count)).toBe(80);
    for (const { task_id } of dependents.tasks.slice(0, 5))
      expect((await ann.getTask({ task_id })).status).toBe('ready');
    for (const { task_id } of parents.tasks) expect((await ann.getTask({ task_id })).subtasks.open).toBe(0);
  }
  expect(await deadlocksIn(db)).toBe(before);
});

test('batches with tasks whose subtasks are in other batches do not deadlock', async () => {
  const workers = await Promise.all(times(6).map((index) => db.session(`w${index}`, { project: 'crossed' })));
  const before = await deadlocksIn(db);
  for (const round of times(3)) {
    const submit = (index: number, parent_ids: (string | undefined)[] = []) =>
      workers[0]?.submitWorkBatch({
        tasks: times(10).map((each) => ({
          ...{ title: 'x', type: `${round}-${index}` },
          ...(parent_ids[each] === undefined ? {} : { parent_id: parent_ids[each] }),
        })),
      });
    const parents: string[][] = [];
    for (const index of times(6)) parents.push((await submit(index))?.tasks.map(({ task_id }) => task_id) ?? []);
    for (const index of times(6)) {
      await submit(
        index,
        times(10).map((each) => parents[(index + 1 + (each % 5)) % 6]?.[each]),
      );
    }
    const claims = await Promise.all(
      workers.map((worker, index) => worker.getWorkBatch({ count: 20, types: [`${round}-${index}`] })),
    );
    const answers = await Promise.all(
      workers.map((worker, index) =>
        worker.completeWorkBatch({
          reports: claims[index]?.claims.map(({ task, claim_token }) => ({ task_id: task.task_id, claim_token })) ?? [],
        }),
      ),
    );
    const reasons = answers.flatMap(({ results }) =>
      results.map(({ status, error }) => error?.details?.reason ?? status),
    );
    expect(reasons).toHaveLength(120);
    expect(new Set(reasons)).toEqual(new Set(['done', 'open_subtasks']));
    expect(reasons.filter((reason) => reason === 'done').length).toBeGreaterThanOrEqual(60);
  }
  expect(await deadlocksIn(db)).toBe(before);
});

test('failing and completing siblings with dependents in common do not deadlock, nor does submitting beside them', async () => {
  const ann = await db.session('ann', { project: 'siblings' });
  const before = await deadlocksIn(db);
  for (const round of times(3)) {
    const parent_id = (await ann.submitWork({ title: 'parent', type: 'parent' })).task_id;
    const submit = async (count: number) => {
      const tasks = times(count).map(() => ({ title: 'x', type: `${round}`, parent_id, retry: 'none' as const }));
      return (await ann.submitWorkBatch({ tasks })).tasks.map(({ task_id }) => task_id);
    };
    const [failing, ending] = [await submit(20), await submit(20)];
    const dependents = await ann.submitWorkBatch({
      tasks: times(20).map((index) => ({
        ...{ title: 'dependent', type: 'dependent', on_dependency_failure: 'cascade' as const, parent_id },
        depends_on: [failing[index] as string, ending[index] as string],
      })),
    });
    const { claims } = await ann.getWorkBatch({ count: 40, types: [`${round}`] });
    const answers = claims.map(({ task: { task_id }, claim_token }) =>
      ann.completeWork({ task_id, claim_token, success: !failing.includes(task_id) }),
    );
    const submitting = times(20).map((index) => {
      const depends_on = [dependents.tasks[index]?.task_id as string, ending[index] as string];
      return ann.submitWork({ title: 'late', type: 'late', parent_id, depends_on });
    });
    // Refused, because the subtask has ended or waits for its parent; not before all of them were locked.
    const refused = ending.map((child) =>
      ann.submitWork({ title: 'circle', parent_id: child, depends_on: [parent_id] }).catch(() => {}),
    );
    await Promise.all([...answers, ...submitting, ...refused]);
    for (const { task_id } of dependents.tasks) expect((await ann.getTask({ task_id })).status).toBe('failed');
    expect((await ann.getTask({ task_id: parent_id })).subtasks.open).toBe(20);
  }
  expect(await deadlocksIn(db)).toBe(before);
});
