import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let project: string;
let ann: TestSession;
let bob: TestSession;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `next-${++projects}`;
  ann = await db.session('ann', { project });
  bob = await db.session('bob', { project });
});

async function submit(title: string, more: Partial<Parameters<TestSession['submitWork']>[0]> = {}): Promise<string> {
  return (await bob.submitWork({ title, ...more })).task_id;
}

/** What completes the task that ann is given now, and asks for the next one. */
async function claimed(): Promise<{ task_id: string; claim_token: number; claim_next: true }> {
  const { task, claim_token } = await ann.getWork();
  return { task_id: String(task?.task_id), claim_token: Number(claim_token), claim_next: true };
}

describe('a completion that claims the next task', () => {
  test('answers it as get_work would, with a token that completes it', async () => {
    const [first, second] = [await submit('first'), await submit('second')];
    const claim = await claimed();
    const { cursor } = await ann.listEvents({ after: 'now' });
    const { status, next } = await ann.completeWork(claim);
    expect(status).toBe('done');
    expect(next).toMatchObject({ claimed: true, task: { task_id: second, title: 'second', attempt: 1 } });
    expect(await ann.getTask({ task_id: second })).toMatchObject({ status: 'claimed', agent: 'ann' });
    const { entries } = await ann.getTaskHistory({ task_id: second });
    expect(entries.map(({ operation }) => operation)).toEqual(['get_work', 'submit_work']);
    expect((await ann.getTaskHistory({ task_id: first })).entries[0]).toMatchObject({ operation: 'complete_work' });
    const { events } = await ann.listEvents({ after: cursor, wait_seconds: 2 });
    expect(events.map(({ operation }) => operation)).toEqual(['complete_work', 'get_work']);
    const claim_token = Number(next?.claim_token);
    const last = await ann.completeWork({ task_id: second, claim_token, claim_next: true });
    expect(last).toMatchObject({ status: 'done', next: { claimed: false } });
  });

  test('lasts as long as the claim before it', async () => {
    await submit('first');
    const second = await submit('second');
    const { task, claim_token } = await ann.getWork({ lease_seconds: 7 });
    await ann.completeWork({ task_id: String(task?.task_id), claim_token: Number(claim_token), claim_next: true });
    const [row] = await db.sql`select lease_seconds from coord.tasks where task_id = ${second}`;
    expect(row).toEqual({ lease_seconds: 7 });
  });

  test('claims nothing unless it is asked to', async () => {
    await submit('first');
    const second = await submit('second');
    const answer = await ann.completeWork({ ...(await claimed()), claim_next: false });
    expect(answer).not.toHaveProperty('next');
    expect(await bob.getTask({ task_id: second })).toMatchObject({ status: 'ready' });
  });

  test('also follows an attempt that failed', async () => {
    await submit('first', { retry_seconds: 3600 });
    const second = await submit('second');
    const answer = await ann.completeWork({ ...(await claimed()), success: false, error: 'no' });
    expect(answer).toMatchObject({ status: 'scheduled', next: { claimed: true, task: { task_id: second } } });
  });

  test('gives what just became possible: a dependent, and a task on the same files', async () => {
    const first = await submit('first', { paths: ['src/a.ts'] });
    const second = await submit('second', { depends_on: [first], paths: ['src/a.ts', 'src/b.ts'] });
    const { unblocked, next } = await ann.completeWork(await claimed());
    expect(unblocked).toBe(1);
    expect(next).toMatchObject({ claimed: true, task: { task_id: second, paths: ['src/a.ts', 'src/b.ts'] } });
    expect((await bob.checkLocks()).locks.map(({ path }) => path)).toEqual(['src/a.ts', 'src/b.ts']);
  });

  test('says nothing of an error unless it failed', async () => {
    await submit('first');
    const { task_id, claim_token } = await claimed();
    const report = { task_id, claim_token, error: 'boom' };
    const refused = ann.completeWork(report);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/^error: /) });
    expect(await ann.completeWork({ ...report, success: false })).toMatchObject({ status: 'scheduled' });
  });

  test('claims nothing when it is refused', async () => {
    await submit('first');
    const second = await submit('second');
    const claim = await claimed();
    const stale = ann.completeWork({ ...claim, claim_token: claim.claim_token + 1 });
    await expect(stale).rejects.toMatchObject({ code: 'conflict' });
    expect(await bob.getTask({ task_id: second })).toMatchObject({ status: 'ready' });
  });

  test('claims one task however often it is repeated with one key', async () => {
    await submit('first');
    await submit('second');
    const third = await submit('third');
    const claim = await claimed();
    const answers = [];
    for (let time = 0; time < 3; time++) answers.push(await ann.completeWork(claim, { idempotency_key: project }));
    expect(answers[0]?.next).toMatchObject({ claimed: true, task: { title: 'second' } });
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
    expect(await bob.getTask({ task_id: third })).toMatchObject({ status: 'ready' });
  });

  test('tells its claim to no other session of the agent that repeats the call', async () => {
    await submit('first');
    await submit('second');
    const claim = await claimed();
    await ann.completeWork(claim, { idempotency_key: project });
    const other = await db.session('ann', { project });
    const repeated = other.completeWork(claim, { idempotency_key: project });
    await expect(repeated).rejects.toMatchObject({ details: { reason: 'idempotency_key_reused' } });
  });

  test('is kept when the profile forbids to claim, and says why there is no next one', async () => {
    const root = await db.session('root', { project, trust: 4 });
    const first = await submit('first');
    const second = await submit('second');
    const claim = await claimed();
    await root.setProfile({ profile: 'closing', trust: 2, blocked_operations: ['get_work'] });
    await root.assignProfile({ profile: 'closing', agent: 'ann' });
    const { next } = await ann.completeWork(claim);
    expect(next).toMatchObject({ claimed: false, hint: expect.stringContaining('get_work') });
    expect(await bob.getTask({ task_id: first })).toMatchObject({ status: 'done' });
    expect(await bob.getTask({ task_id: second })).toMatchObject({ status: 'ready' });
  });

  test('is kept when the claim of the next task fails, and what it began is taken back', async () => {
    const first = await submit('first');
    const second = await submit('second');
    const claim = await claimed();
    await db.sql`
      create function coord._fail() returns trigger language plpgsql as 'begin raise exception $$no$$; end'`;
    await db.sql`
      create trigger fails before insert on coord.journal for each row when (new.operation = 'get_work') execute function coord._fail()`;
    const { status, next } = await ann.completeWork(claim);
    await db.sql`drop function coord._fail() cascade`;
    expect({ status, next }).toMatchObject({
      status: 'done',
      next: { claimed: false, hint: expect.stringContaining('failed') },
    });
    expect(await bob.getTask({ task_id: first })).toMatchObject({ status: 'done' });
    expect(await bob.getTask({ task_id: second })).toMatchObject({ status: 'ready', attempts: 0 });
  });

  test('gives each task to one of many who complete at once', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => submit(`task ${index}`, { paths: [`src/${index % 5}`] })),
    );
    const workers = await Promise.all(Array.from({ length: 8 }, (_, index) => db.session(`w${index}`, { project })));
    const done: string[] = [];
    await Promise.all(
      workers.map(async (worker) => {
        let claim = await worker.getWork({ wait_seconds: 1 });
        while (claim.task) {
          const { task_id } = claim.task;
          done.push(task_id);
          const report = { task_id, claim_token: Number(claim.claim_token), claim_next: true };
          const { next } = await worker.completeWork(report);
          claim = next?.claimed ? next : await worker.getWork({ wait_seconds: done.length < 40 ? 1 : 0 });
        }
      }),
    );
    expect(done.length).toBe(40);
    expect(new Set(done).size).toBe(40);
  });
});
