import { once } from 'node:events';
import { connect } from 'node:net';
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
