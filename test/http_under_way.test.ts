import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp, listen } from '@agentcoord/http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { cloneDatabase } from './helpers/database.ts';

const cleanup = new AsyncDisposableStack();
let server: HttpServer;
let key: string;
let neighbour: string;

beforeAll(async () => {
  const db = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  key = await server.keyFor({ agent: 'ann', project: 'ours', trust: 2 });
  neighbour = await server.keyFor({ agent: 'bob', project: 'theirs', trust: 2 });
});
afterAll(() => cleanup.disposeAsync());

/** Nearly a megabyte. */
const body = JSON.stringify({
  tasks: Array.from({ length: 4 }, () => ({ title: 'x', description: 'd'.repeat(230_000) })),
});

async function submit(of = key): Promise<number> {
  const headers = { authorization: `Bearer ${of}`, 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/v1/tasks/batch`, { method: 'POST', headers, body });
  await answer.text();
  return answer.status;
}

test('of one key sixteen megabytes are under way, the rest is refused, and others do not notice', async () => {
  const asking = Array.from({ length: 40 }, () => submit());
  const other = submit(neighbour);
  const statuses = await Promise.all(asking);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(17);
  expect(await other).toBe(200);
  for (let time = 0; time < 18; time++) expect(await submit()).toBe(200);
});

test('who sends and goes has no more, and what was left behind is forgotten', async () => {
  const { port } = new URL(server.url);
  const request = `POST /v1/tasks/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;
  const leave = async (sent: string) => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.write(`${request}Content-Length: ${body.length}\r\n\r\n${sent}`, () => socket.destroy());
    await once(socket, 'close');
  };
  await Promise.all(Array.from({ length: 30 }, (_, index) => leave(index % 2 === 0 ? body : body.slice(0, 1000))));
  await expect.poll(() => submit(), { timeout: 5000 }).toBe(200);
  for (let time = 0; time < 18; time++) expect(await submit()).toBe(200);
});

test('calls that wait and streams do not count', async () => {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const leaving = new AbortController();
  const { signal } = leaving;
  const wait = { method: 'POST', headers, signal, body: JSON.stringify({ types: ['none'], wait_seconds: 60 }) };
  const waiting = Array.from({ length: 150 }, () => fetch(`${server.url}/v1/tasks/claim`, wait).catch(() => {}));
  const streams = await Promise.all(
    Array.from({ length: 150 }, () => fetch(`${server.url}/v1/events`, { headers, signal })),
  );
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await submit()).toBe(200);
  leaving.abort();
  await Promise.all(waiting);
});

test('who goes while his key is looked up leaves no stream open', async () => {
  await using db = await cloneDatabase();
  const { api_key } = await (await db.session('root', { trust: 4 })).createKey({ agent: 'ann' });
  const { database } = db;
  const slow: typeof database.call = async (name, args) => {
    if (name === 'authenticate_key') await sleep(200);
    return database.call(name, args);
  };
  const app = await createApp({ database: { ...database, call: slow }, version: '0.0.0-test' });
  cleanup.defer(() => app.close());
  const url = await listen(app, { port: 0 });
  const text = `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${api_key}\r\n\r\n`;
  const come = async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    await sleep(50);
    socket.resetAndDestroy();
  };
  await Promise.all(Array.from({ length: 20 }, come));
  await sleep(300);
  const leaving = new AbortController();
  const init = { headers: { authorization: `Bearer ${api_key}` }, signal: leaving.signal };
  const streams = await Promise.all(Array.from({ length: 200 }, () => fetch(`${url}/v1/events`, init)));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  leaving.abort();
});

test('who sends more than one connection may, or resets it, leaves no error in the log', async () => {
  await using db = await cloneDatabase();
  const lines: string[] = [];
  const logger = { level: 'warn', stream: { write: (line: string) => void lines.push(line) } };
  const app = await createApp({ database: db.database, version: '0.0.0-test', logger });
  cleanup.defer(() => app.close());
  const url = await listen(app, { port: 0 });
  for (const path of ['/v1/board', '/docs/json', '/openapi.json', `/a/1-${'x'.repeat(43)}`]) {
    for (const isReset of [false, true]) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer zz\r\n\r\n`.repeat(100));
      if (isReset) socket.resetAndDestroy();
      else await once(socket.resume(), 'close');
    }
  }
  await sleep(200);
  expect(lines).toEqual([]);
});
