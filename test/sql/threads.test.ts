import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { call, Racers } from '../helpers/racers.ts';

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
  project = `threads-${++projects}`;
  [ann, bob] = await Promise.all([db.session('ann', { project }), db.session('bob', { project })]);
});

const open = (title = 'naming') => ann.createThread({ title, text: 'camel or snake?' });

describe('a thread', () => {
  test('keeps its posts in their order, with who wrote them', async () => {
    const { thread_id, status, post_number } = await open();
    expect([status, post_number]).toEqual(['active', 1]);
    expect(await bob.replyToThread({ thread_id, text: 'snake' })).toEqual({ thread_id, status, post_number: 2 });
    const { thread, posts, next_after } = await bob.readThread({ thread_id });
    expect(thread).toMatchObject({ title: 'naming', priority: 'normal', status: 'active', agent: 'ann', posts: 2 });
    expect(posts.map(({ post_number, agent, text }) => [post_number, agent, text])).toEqual([
      [1, 'ann', 'camel or snake?'],
      [2, 'bob', 'snake'],
    ]);
    expect(next_after).toBeNull();
  });

  test('is read page by page, and on from what was read before', async () => {
    const { thread_id } = await open();
    for (const text of ['2', '3']) await bob.replyToThread({ thread_id, text });
    const numbers = async (after: number, limit: number) => {
      const { posts, next_after } = await ann.readThread({ thread_id, after, limit });
      return [posts.map(({ post_number }) => post_number), next_after];
    };
    expect(await numbers(0, 2)).toEqual([[1, 2], 2]);
    expect(await numbers(2, 2)).toEqual([[3], null]);
    expect(await numbers(3, 2)).toEqual([[], null]);
    expect(await numbers(2_147_483_647, 200)).toEqual([[], null]);
    for (const _ of '45') await bob.replyToThread({ thread_id, text: 'x'.repeat(65_536) });
    await bob.replyToThread({ thread_id, text: '6' });
    expect(await numbers(3, 50)).toEqual([[4, 5], 5]);
    expect(await numbers(5, 50)).toEqual([[6], null]);
  });

  test('that is resolved takes no reply until it is active again', async () => {
    const { thread_id } = await open();
    expect(await bob.setThreadStatus({ thread_id, status: 'resolved' })).toMatchObject({ was: 'active' });
    await expect(ann.replyToThread({ thread_id, text: 'but' })).rejects.toMatchObject({
      code: 'conflict',
      details: { reason: 'resolved' },
      hint: expect.stringMatching(/create_thread.*set_thread_status active/),
    });
    expect((await ann.readThread({ thread_id })).posts).toHaveLength(1);
    await ann.setThreadStatus({ thread_id, status: 'active' });
    expect((await ann.replyToThread({ thread_id, text: 'but' })).post_number).toBe(2);
  });

  test('of another project is one that is not there', async () => {
    const { thread_id } = await open();
    const eve = await db.session('eve', { project: 'elsewhere' });
    for (const attempt of [
      () => eve.readThread({ thread_id }),
      () => eve.replyToThread({ thread_id, text: 'x' }),
      () => eve.setThreadStatus({ thread_id, status: 'resolved' }),
      () => eve.listThreads({ before: thread_id }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'not_found', message: 'There is no such thread.' });
    }
  });

  test('numbers the posts of many at once without gap, and takes none after it was resolved', async () => {
    const { thread_id } = await open();
    await using racers = await Racers.open(db, 9);
    const caller = { project_id: await projectId(db, project), session_id: bob.session_id };
    const reply = call('reply_to_thread', { p_caller: caller, p_thread_id: thread_id, p_text: 'x' });
    const resolve = call('set_thread_status', { p_caller: caller, p_thread_id: thread_id, p_status: 'resolved' });
    const answers = await racers.run<{ post_number?: number; error?: { code: string } }>([
      ...Array.from({ length: 8 }, () => reply),
      resolve,
    ]);
    const written = answers.flatMap(({ post_number }) => post_number ?? []).sort((a, b) => a - b);
    const refused = answers.filter(({ error }) => error?.code === 'conflict').length;
    expect(written).toEqual(Array.from({ length: 8 - refused }, (_, index) => index + 2));
    expect((await ann.readThread({ thread_id })).thread).toMatchObject({ status: 'resolved', posts: 9 - refused });
  });
});

describe('who is told of a post', () => {
  const heard = async (session: TestSession) =>
    (await session.readInbox()).items.map(({ kind, from, text, post_number }) => [kind, from, text, post_number]);

  test('whom it mentions, and who opened the thread, each once', async () => {
    const cat = await db.session('cat', { project });
    const { thread_id } = await ann.createThread({ title: 'naming', text: 'first', mentions: ['bob', 'bob'] });
    expect(await heard(bob)).toEqual([['mention', 'ann', 'first', 1]]);
    await bob.replyToThread({ thread_id, text: 'second', mentions: ['cat'] });
    expect(await heard(ann)).toEqual([['reply', 'bob', 'second', 2]]);
    await cat.replyToThread({ thread_id, text: 'third', mentions: ['ann'] });
    expect(await heard(ann)).toEqual([['mention', 'cat', 'third', 3]]);
    await ann.replyToThread({ thread_id, text: 'fourth' });
    for (const session of [ann, bob]) expect(await heard(session)).toEqual([]);
  });

  test('nobody when it mentions somebody unknown: it is refused', async () => {
    const { thread_id } = await open();
    const mentions = ['bob', 'nobody'];
    for (const attempt of [
      () => bob.replyToThread({ thread_id, text: 'x', mentions }),
      () => bob.createThread({ title: 'x', text: 'x', mentions }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'not_found',
        message: 'mentions: there is no agent nobody in this project.',
      });
    }
    expect((await ann.readThread({ thread_id })).posts).toHaveLength(1);
    expect((await ann.listThreads()).threads).toHaveLength(1);
    expect(await heard(bob)).toEqual([]);
  });
});

describe('the list of threads', () => {
  test('has the last to change first, page by page', async () => {
    const first = await open('first');
    await open('second');
    await open('third');
    await bob.replyToThread({ thread_id: first.thread_id, text: 'x' });
    const page = await bob.listThreads({ limit: 2 });
    expect(page.threads.map(({ title }) => title)).toEqual(['first', 'third']);
    const rest = await bob.listThreads({ limit: 2, before: String(page.next_before) });
    expect([rest.threads.map(({ title }) => title), rest.next_before]).toEqual([['second'], null]);
  });

  test('can be had by status, priority and who opened them', async () => {
    const { thread_id } = await open('mine');
    await bob.createThread({ title: 'urgent', text: 'x', priority: 'high' });
    await ann.setThreadStatus({ thread_id, status: 'waiting' });
    const titles = async (filter: Parameters<TestSession['listThreads']>[0]) =>
      (await ann.listThreads(filter)).threads.map(({ title }) => title);
    expect(await titles({ status: 'waiting' })).toEqual(['mine']);
    expect(await titles({ priority: 'high' })).toEqual(['urgent']);
    expect(await titles({ agent: 'ann' })).toEqual(['mine']);
    expect(await titles({ agent: 'ann', priority: 'high' })).toEqual([]);
  });
});
