import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireLock, lapse } from '../helpers/past.ts';

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
  project = `sources-${++projects}`;
  [ann, bob] = await Promise.all([db.session('ann', { project, trust: 3 }), db.session('bob', { project })]);
});

const itemsOf = async (session: TestSession) => (await session.readInbox()).items;

describe('the inbox has', () => {
  test('a task that was assigned to its agent, alone and in a batch', async () => {
    const { task_id } = await ann.submitWork({ title: 'review', type: 'review', priority: 2, assignee: 'bob' });
    await ann.submitWorkBatch({ tasks: [{ title: 'other' }, { title: 'second', assignee: 'bob' }] });
    const subject = `task:${task_id}`;
    expect(await itemsOf(bob)).toMatchObject([
      { kind: 'task_assigned', subject, task_id, text: 'review', type: 'review', priority: 2, from: 'ann' },
      { kind: 'task_assigned', text: 'second' },
    ]);
    expect(await itemsOf(ann)).toEqual([]);
  });

  test('nothing of a task that was refused', async () => {
    const refused = ann.submitWork({ title: 'x', assignee: 'bob', escalate_to: 'nobody at all' });
    await expect(refused).rejects.toMatchObject({ code: 'not_found' });
    expect(await itemsOf(bob)).toEqual([]);
  });

  test('a task that found its agent: at once, when it registered, or when another had vanished', async () => {
    await bob.registerSession({ capabilities: ['rust'] });
    const auto = { type: 'auto', assignee: 'auto' };
    await ann.submitWork({ title: 'at once', capabilities: ['rust'], ...auto });
    await ann.submitWork({ title: 'later', capabilities: ['go'], ...auto });
    expect(await itemsOf(bob)).toMatchObject([{ kind: 'task_assigned', text: 'at once' }]);
    await bob.registerSession({ capabilities: ['rust', 'go'] });
    expect(await itemsOf(bob)).toMatchObject([{ kind: 'task_assigned', text: 'later' }]);

    const cat = await db.session('cat', { project });
    await cat.registerSession({ capabilities: ['rust', 'go'] });
    await bob.endSession();
    const id = cat.session_id;
    await db.sql`update coord.tasks set created_at = created_at - interval '2 minutes'`;
    await db.sql`update coord.sessions set ended_at = ended_at - interval '2 minutes' where ended_at is not null`;
    await db.sql`update coord.sessions set last_call_at = clock_timestamp() where session_id = ${id}`;
    await ann.sweep();
    expect((await itemsOf(cat)).map(({ text }) => text).sort()).toEqual(['at once', 'later']);
  });

  test('a task that failed for good and is to be looked after', async () => {
    const { task_id } = await ann.submitWork({ title: 'hard', type: 'hard', max_attempts: 1, escalate_to: 'ann' });
    const { claim_token } = await bob.getWork({ types: ['hard'] });
    const error = `no way ${'x'.repeat(1000)}`;
    await bob.completeWork({ task_id, claim_token: Number(claim_token), success: false, error });
    const [item] = await itemsOf(ann);
    const said = { error: error.slice(0, 500), failed_by: 'bob' };
    expect(item).toMatchObject({
      kind: 'escalation',
      failed_task_id: task_id,
      text: 'Failed: hard',
      from: 'ann',
      ...said,
    });
    expect(await ann.getTask({ task_id: String(item?.task_id) })).toMatchObject({ type: 'escalation' });
  });

  test('a lock that was forced away, for the session that held it', async () => {
    const sibling = await db.session('bob', { project });
    await bob.acquireLock({ paths: ['a.ts'] });
    await ann.forceReleaseLock({ paths: ['a.ts'], reason: 'hot fix' });
    expect(await itemsOf(sibling)).toEqual([]);
    expect(await itemsOf(bob)).toMatchObject([
      {
        ...{ kind: 'lock_lost', cause: 'lock_forced', subject: 'a.ts', by: 'ann', reason: 'hot fix' },
        text: expect.stringMatching(/ann has taken your lock on a\.ts away: hot fix\./),
      },
    ]);
  });

  test('a lock that lapsed and was taken; of a dead session, for the next one of its agent', async () => {
    await bob.acquireLock({ paths: ['a.ts'] });
    await expireLock(db, 'a.ts');
    await ann.acquireLock({ paths: ['a.ts'] });
    expect(await itemsOf(bob)).toMatchObject([{ kind: 'lock_lost', cause: 'lock_lapsed', taken_by: 'ann' }]);

    const dying = await db.session('bob', { project, beats: true });
    await dying.acquireLock({ paths: ['b.ts'] });
    await lapse(db, dying);
    await ann.acquireLock({ paths: ['b.ts'] });
    const next = await db.session('bob', { project });
    expect(await itemsOf(next)).toMatchObject([{ kind: 'lock_lost', subject: 'b.ts' }]);
    expect(await itemsOf(bob)).toEqual([]);
  });
});

describe('an agent that writes too much', () => {
  test('is told when it may again, and what it wrote then is not sent; others are not concerned', async () => {
    await bob.sendMessage({ text: 'first', to: 'ann' });
    await db.sql`update coord.agents set messages = 990 where agent = 'bob'`;
    await bob.sendMessage({ text: 'to all, which weighs ten' });
    for (const attempt of [
      () => bob.sendMessage({ text: 'x', to: 'ann' }),
      () => bob.createThread({ title: 'x', text: 'x' }),
      () => bob.logDecision({ type: 'x', context: 'x', reason: 'x' }),
      () => bob.submitWork({ title: 'x', assignee: 'ann' }),
      () => bob.submitWorkBatch({ tasks: [{ title: 'x', assignee: 'ann' }] }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'limit_exceeded',
        details: { reason: 'too_many_messages', resets_at: expect.stringMatching(/T/) },
      });
    }
    expect(await itemsOf(ann)).toHaveLength(2);
    await ann.sendMessage({ text: 'I may', to: 'bob' });
    await bob.submitWork({ title: 'for myself', assignee: 'bob' });
    await db.sql`update coord.agents set messages_since = messages_since - interval '61 minutes' where agent = 'bob'`;
    expect(await bob.sendMessage({ text: 'again', to: 'ann' })).toMatchObject({ sent: true });
  });

  test('cannot get round it by a second session, nor at once', async () => {
    const sibling = await db.session('bob', { project });
    await db.sql`update coord.agents set messages = 998, messages_since = clock_timestamp() where agent = 'bob'`;
    const attempts = [bob, sibling, bob, sibling, bob].map((session) => session.sendMessage({ text: 'x', to: 'ann' }));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});

describe('after its time', () => {
  const forget = () => db.sql`select coord._forget()`;
  const count = async (table: string) => {
    const [row] = await db.sql.unsafe(`select count(*)::integer as n from coord.${table}
      where project_id = (select project_id from coord.projects where name = '${project}')`);
    return row?.n;
  };

  test('an item is forgotten with its receipts, and a younger one is not', async () => {
    await ann.sendMessage({ text: 'old', to: 'bob' });
    await itemsOf(bob);
    await db.sql`update coord.inbox_items set at = at - interval '31 days'`;
    await ann.sendMessage({ text: 'young', to: 'bob' });
    await itemsOf(bob);
    await forget();
    expect([await count('inbox_items'), await count('inbox_receipts')]).toEqual([1, 1]);
  });

  test('where a forgotten session had read to is forgotten', async () => {
    await ann.sendMessage({ text: 'x', to: 'bob' });
    await itemsOf(bob);
    await bob.endSession();
    await forget();
    await db.sql`update coord.sessions set ended_at = ended_at - interval '31 days' where ended_at is not null`;
    await forget();
    await forget();
    expect(await count('inbox_readers')).toBe(0);
  });

  test('a resolved thread is forgotten with its posts; one that is open, and decisions, stay longer', async () => {
    const resolved = await ann.createThread({ title: 'resolved', text: 'x' });
    await ann.setThreadStatus({ thread_id: resolved.thread_id, status: 'resolved' });
    await ann.createThread({ title: 'open', text: 'x' });
    await ann.logDecision({ type: 'x', context: 'x', reason: 'x' });
    await db.sql`update coord.threads set changed_at = changed_at - interval '31 days'`;
    await forget();
    expect((await ann.listThreads()).threads.map(({ title }) => title)).toEqual(['open']);
    expect([await count('thread_posts'), await count('decisions')]).toEqual([1, 1]);
    await db.sql`update coord.threads set changed_at = changed_at - interval '150 days'`;
    await forget();
    expect(await count('threads')).toBe(0);
  });
});
