import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { claimed, inSeconds, titlesFor } from '../helpers/tasks.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let boss: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const project = `lives-${++projects}`;
  ann = await db.session('ann', { project });
  bob = await db.session('bob', { project });
  boss = await db.session('boss', { project, trust: 3 });
});

async function held(session = bob): Promise<{ task_id: string; claim_token: number }> {
  const { title: _, ...claim } = await claimed(session);
  return claim;
}

describe('release_task', () => {
  test('gives a task back, without counting the attempt, at once or for later', async () => {
    await ann.submitWork({ title: 'task', max_attempts: 1 });
    expect(await bob.releaseTask({ ...(await held()), reason: 'no GPU here' })).toMatchObject({ status: 'ready' });
    const again = await ann.getWork();
    expect(again.task).toMatchObject({ attempt: 1, last_error: 'no GPU here' });
    const claim = { task_id: String(again.task?.task_id), claim_token: Number(again.claim_token) };
    expect(await ann.releaseTask({ ...claim, run_after: inSeconds(60) })).toMatchObject({ status: 'scheduled' });
    expect(await titlesFor(bob)).toEqual([]);
    await expect(ann.releaseTask(claim)).rejects.toMatchObject({ details: { reason: 'not_claimed' } });
  });
});

describe('cancel_task', () => {
  test('ends a task for good; who works on it is told with the next call, and its report is refused', async () => {
    const { task_id } = await ann.submitWork({ title: 'task' });
    const { task_id: then } = await ann.submitWork({ title: 'then', depends_on: [task_id] });
    const claim = await held();
    expect(await ann.cancelTask({ task_id, reason: 'not needed' })).toMatchObject({ cancelled: true, was: 'claimed' });
    expect((await bob.listTasks()).notices).toMatchObject([{ kind: 'task_cancelled', task_id }]);
    await expect(bob.completeWork(claim)).rejects.toMatchObject({ details: { reason: 'finished' } });
    expect(await bob.getTask({ task_id })).toMatchObject({ status: 'cancelled', error: 'not needed' });
    expect(await bob.getTask({ task_id: then })).toMatchObject({
      status: 'blocked',
      blocked_by: [{ task_id, status: 'cancelled' }],
    });
    await expect(ann.cancelTask({ task_id })).rejects.toMatchObject({
      code: 'conflict',
      details: { reason: 'finished' },
    });
  });

  test('is for the submitter, and for those who are trusted more', async () => {
    const { task_id } = await ann.submitWork({ title: 'task' });
    await expect(bob.cancelTask({ task_id })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await bob.getTask({ task_id })).toMatchObject({ status: 'ready' });
    expect(await boss.cancelTask({ task_id })).toMatchObject({ cancelled: true, was: 'ready' });
  });
});

describe('report_progress', () => {
  test('keeps the last twenty notes, renews the claim, and is refused to who has lost it', async () => {
    const { task_id } = await ann.submitWork({ title: 'long' });
    const claim = await held();
    await db.sql`update coord.tasks set claim_expires_at = clock_timestamp() + interval '5 seconds' where task_id = ${task_id}`;
    for (let note = 1; note <= 21; note++) await bob.reportProgress({ ...claim, note: `step ${note}`, percent: note });
    const { progress, claim_expires_at } = await ann.getTask({ task_id });
    expect(progress).toHaveLength(20);
    expect(progress[0]).toMatchObject({ agent: 'bob', note: 'step 21', percent: 21 });
    expect(Date.parse(String(claim_expires_at)) - Date.now()).toBeGreaterThan(800_000);
    await expect(ann.reportProgress({ ...claim, note: 'mine' })).rejects.toMatchObject({
      details: { reason: 'claimed_by_other' },
    });
  });
});

describe('history', () => {
  test('of a task has every change in order, of whomever', async () => {
    const { task_id } = await ann.submitWork({ title: 'task', retry_seconds: 0 });
    await bob.completeWork({ ...(await held()), success: false, error: 'it broke' });
    await bob.releaseTask(await held());
    await bob.completeWork(await held());
    await ann.submitWork({ title: 'other' });
    const { entries } = await ann.getTaskHistory({ task_id });
    expect(entries.map(({ agent, operation }) => `${agent} ${operation}`).toReversed()).toEqual([
      'ann submit_work',
      ...['get_work', 'complete_work', 'get_work', 'release_task', 'get_work', 'complete_work'].map(
        (name) => `bob ${name}`,
      ),
    ]);
    expect((await ann.getTaskHistory({ task_id, limit: 1 })).entries).toMatchObject([{ detail: { status: 'done' } }]);
    await expect(ann.getTaskHistory({ task_id: '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('of an agent has what it did, newest first', async () => {
    await ann.submitWork({ title: 'task' });
    await bob.completeWork(await held());
    const { entries } = await ann.getAgentHistory({ agent: 'bob', limit: 2 });
    expect(entries.map(({ operation }) => operation)).toEqual(['complete_work', 'get_work']);
    expect(await ann.getAgentHistory({ agent: 'nobody' })).toEqual({ entries: [] });
  });
});

describe('find_hung', () => {
  test('names claims whose session has been silent, though it beats, or whose progress has stopped', async () => {
    for (const title of ['silent', 'stuck', 'busy']) await ann.submitWork({ title });
    const [silent, stuck, busy] = [await held(bob), await held(ann), await held(boss)];
    expect(await boss.findHung()).toEqual({ hung: [] });
    await ann.reportProgress({ ...stuck, note: 'half' });
    await db.sql`update coord.tasks set terms.progress_at = clock_timestamp() - interval '301 seconds' where task_id = ${stuck.task_id}`;
    await db.sql`update coord.sessions set last_call_at = clock_timestamp() - interval '302 seconds' where session_id = ${bob.session_id}`;
    const { hung } = await boss.findHung();
    expect(hung).toMatchObject([
      { agent: 'bob', title: 'silent', task_id: silent.task_id },
      { agent: 'ann', title: 'stuck', task_id: stuck.task_id },
    ]);
    expect((await boss.findHung({ threshold: 303 })).hung).toEqual([]);
    expect(hung.map(({ task_id }) => task_id)).not.toContain(busy.task_id);
  });
});

describe('the board', () => {
  test('counts tasks by status, and what each agent has open and done', async () => {
    const { task_id } = await ann.submitWork({ title: 'done' });
    await bob.completeWork(await held());
    await ann.submitWork({ title: 'claimed' });
    await held();
    await ann.submitWork({ title: 'later', run_after: inSeconds(60) });
    await ann.submitWork({ title: 'for bob', assignee: 'bob' });
    await ann.cancelTask({ task_id: (await ann.submitWork({ title: 'blocked', depends_on: [] })).task_id });
    await ann.submitWork({ title: 'free' });
    expect((await ann.getTask({ task_id })).status).toBe('done');
    const { tasks, agents } = await ann.getTaskBoard();
    expect(tasks).toEqual({ ready: 2, blocked: 0, scheduled: 1, claimed: 1, done: 1, failed: 0, cancelled: 1 });
    expect(agents.find(({ agent }) => agent === 'bob')).toMatchObject({
      open: 2,
      done: 1,
      tasks: [{ title: 'claimed' }],
    });
  });
});

describe('the classic names', () => {
  test('do what their namesakes do', async () => {
    await bob.registerAgent({ capabilities: ['sql'] });
    await ann.createTask({ title: 'low', priority: 'low' });
    await ann.createTask({
      title: 'urgent',
      priority: 'urgent',
      assignee: 'bob',
      capabilities: ['sql'],
      files: ['a.ts'],
    });
    const { task, claim_token } = await bob.getNextTask();
    expect(task).toMatchObject({ title: 'urgent', priority: 1, paths: ['a.ts'] });
    const claim = { task_id: String(task?.task_id), claim_token: Number(claim_token) };
    expect(await bob.completeTask({ ...claim, error: 'it broke' })).toMatchObject({ status: 'scheduled' });
    const next = await bob.getNextTask();
    expect(next.task).toMatchObject({ title: 'low', priority: 8 });
    const second = { task_id: String(next.task?.task_id), claim_token: Number(next.claim_token) };
    expect(await bob.completeTask({ ...second, result: { ok: true } })).toMatchObject({ status: 'done' });
  });
});
