import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { keyOf, startServer } from './helpers/http_process.ts';

vi.setConfig({ testTimeout: 90_000 });

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** A connection that sends the same request so many times at once, and reads nothing of the answers. */
async function deaf(url: string, key: string, path: string, times: number): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.pause();
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\n\r\n`.repeat(times));
  return socket;
}

const big = {
  title: 'big',
  description: 'x'.repeat(250_000),
  input: { text: ['y'.repeat(250_000), 'z'.repeat(250_000)] },
};

test('who leaves answers lying gets no others, is cut off, and may go on then', async () => {
  const { task_id } = await ann.submitWork(big);
  await using server = await startServer(db);
  const key = await keyOf(db, 'deaf');
  const path = `/v1/tasks/${task_id}`;
  const ask = (name = key) => fetch(server.url + path, { headers: { authorization: `Bearer ${name}` } });
  expect((await ask()).status).toBe(200);
  // What the system keeps for a connection is no memory of the server's.
  const sockets = await Promise.all(Array.from({ length: 8 }, () => deaf(server.url, key, path, 15)));
  await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(429);
  expect(await (await ask()).json()).toMatchObject({ status: 429, detail: expect.stringContaining('MiB') });
  expect((await ask(await keyOf(db, 'other'))).status).toBe(200);
  await expect.poll(async () => (await ask()).status, { timeout: 60_000, interval: 1000 }).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test('who hangs up before the answer owes nothing', async () => {
  const { task_id } = await ann.submitWork(big);
  await using server = await startServer(db);
  const key = await keyOf(db, 'hasty');
  const path = `/v1/tasks/${task_id}`;
  for (let time = 0; time < 60; time++) {
    const socket = await deaf(server.url, key, path, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  }
  expect((await fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
});

test('a connection with more requests under way than any client needs is closed', async () => {
  await using server = await startServer(db);
  const key = await keyOf(db, 'hasty');
  const socket = await deaf(server.url, key, '/v1/board', 40);
  socket.resume();
  await once(socket, 'close');
  expect((await fetch(`${server.url}/v1/board`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
});

test('a batch of claims stops at a mebibyte, and the rest is claimed by the next', async () => {
  const session = await db.session('batch', { project: 'batches' });
  for (const paths of [undefined, ['src/a.ts']]) {
    for (let index = 0; index < 4; index++)
      await session.submitWork({ ...big, ...(paths ? { paths: [`${paths}${index}`] } : {}) });
    const first = await session.getWorkBatch({ count: 4 });
    expect(first.claims.length).toBe(1);
    const others = [await session.getWorkBatch({ count: 4 }), await session.getWorkBatch({ count: 4 })];
    expect(others.map(({ claims }) => claims.length)).toEqual([1, 1]);
    expect((await session.checkLocks()).locks.length).toBe(paths ? 3 : 0);
    expect((await session.getWorkBatch({ count: 4 })).claims.length).toBe(1);
  }
});

test('streams that nobody reads keep no more than other answers', async () => {
  const { cursor } = await ann.listEvents({ after: 'now' });
  // Larger than those that a call can leave.
  await db.sql`insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
    select s.project_id, s.session_id, s.agent, 'acquire_lock', 'ok', 'a.ts', (
      select jsonb_agg(jsonb_build_object('path', repeat('deep/', 190) || i || '.ts', 'token', i)) from generate_series(1, 240) i)
    from coord.sessions s, generate_series(1, 30) n where s.session_id = ${ann.session_id}`;
  await using server = await startServer(db);
  const key = await keyOf(db, 'dull');
  const path = `/v1/events?after=${cursor}`;
  const sockets = await Promise.all(Array.from({ length: 60 }, () => deaf(server.url, key, path, 1)));
  // Less than the time for which one stream alone may leave something lying. A paused socket does not see that it ended.
  await new Promise((resolve) => setTimeout(resolve, 14_000));
  let gone = 0;
  for (const socket of sockets) socket.once('close', () => gone++).resume();
  await expect.poll(() => gone, { timeout: 10_000 }).toBeGreaterThan(20);
  expect(gone).toBeLessThan(60);
  for (const socket of sockets) socket.destroy();
});
