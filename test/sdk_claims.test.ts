import { connect } from '@agentcoord/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { keyOf, startServer } from './helpers/http_process.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('a worker of the client goes from claim to claim with one call a task', async () => {
  const titles = ['first', 'second', 'third'];
  const tasks = [];
  for (const title of titles) tasks.push(await ann.submitWork({ title }));
  await using server = await startServer(db);
  await using bob = await connect({ url: server.url, api_key: await keyOf(db, 'bob') });
  const done: string[] = [];
  for (let claim = await bob.claim(); claim; claim = await claim.completeAndClaim({ title: claim.task.title })) {
    expect(claim.signal.aborted).toBe(false);
    done.push(claim.task.title);
  }
  expect(done).toEqual(titles);
  expect(bob.openClaims).toBe(0);
  for (const [index, { task_id }] of tasks.entries()) {
    const { entries } = await ann.getTaskHistory({ task_id });
    expect(entries.map(({ operation }) => operation)).toEqual(['complete_work', 'get_work', 'submit_work']);
    expect(await ann.getTask({ task_id })).toMatchObject({ status: 'done', result: { title: titles[index] } });
  }
});

test('a worker of some types is given no other', async () => {
  for (const type of ['docs', 'code', 'docs']) await ann.submitWork({ title: type, type });
  await using server = await startServer(db);
  await using eve = await connect({ url: server.url, api_key: await keyOf(db, 'eve') });
  const done: string[] = [];
  for (let claim = await eve.claim({ types: ['docs'] }); claim; claim = await claim.completeAndClaim()) {
    done.push(claim.task.type);
  }
  expect(done).toEqual(['docs', 'docs']);
});

test('a claim that was cancelled, retried and claimed by somebody else is lost', async () => {
  const { task_id } = await ann.submitWork({ title: 'mine', type: 'mine' });
  await using server = await startServer(db);
  await using dan = await connect({ url: server.url, api_key: await keyOf(db, 'dan') });
  const claim = await dan.claim({ types: ['mine'] });
  await ann.cancelTask({ task_id });
  await ann.retryTask({ task_id });
  const carol = await db.session('carol');
  expect(await carol.getWork({ types: ['mine'] })).toMatchObject({ claimed: true, task: { attempt: 1 } });
  await expect(claim?.confirm()).rejects.toMatchObject({ code: 'conflict' });
});
