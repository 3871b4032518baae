import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { CoordinationEvent } from '@agentcoord/contract';
import { createApp, listen } from '@agentcoord/http';
import { connect, httpTransport, Session } from '@agentcoord/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { freePort } from './helpers/agentcoord.ts';
import { projectId } from './helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let server: HttpServer;
let ann: TestSession;
let api_key: string;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  ann = await db.session('ann', { trust: 4 });
  api_key = await server.keyFor({ agent: 'bob', project: 'test', trust: 1 } as never);
});
afterAll(() => cleanup.disposeAsync());

const submit = async () => `task:${(await ann.submitWork({ title: 'event' })).task_id}`;

interface Raw extends AsyncDisposable {
  response: Response;
  /** What came so far. */
  text(): string;
  ended: Promise<void>;
}

async function open(query = '', headers: Record<string, string> = {}, key = api_key): Promise<Raw> {
  const stop = new AbortController();
  const response = await fetch(`${server.url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: stop.signal,
  });
  let text = '';
  const read = async () => {
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk as Uint8Array);
  };
  const ended = read().catch(() => {});
  return { response, text: () => text, ended, [Symbol.asyncDispose]: async () => stop.abort() };
}

/** Tasks that the stream has told of, in order. */
const tasksIn = (raw: Raw) =>
  [...raw.text().matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '').subjects[0]);

const idsIn = (raw: Raw) => [...raw.text().matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');

describe('GET /v1/events', () => {
  test('is a stream of server-sent events that nobody caches, and tells its position at once', async () => {
    await using raw = await open('?subject=task:');
    expect(raw.response.status).toBe(200);
    expect(raw.response.headers.get('content-type')).toBe('text/event-stream');
    expect(raw.response.headers.get('cache-control')).toBe('no-store');
    await expect.poll(() => idsIn(raw)).toHaveLength(1);
    const subject = await submit();
    await expect.poll(() => tasksIn(raw)).toEqual([subject]);
    expect(raw.text()).toMatch(/^retry: \d+\nid: \d+-\d+\n\nid: (\d+-\d+)\ndata: \{"cursor":"\1",.*"agent".*\}\n\n$/s);
  });

  test('goes on after Last-Event-ID, which says more than the address', async () => {
    const { cursor } = await ann.listEvents({ after: 'now' });
    const subjects = [await submit(), await submit(), await submit()];
    await using all = await open(`?after=${cursor}&operation=submit_work`);
    await expect.poll(() => tasksIn(all)).toEqual(subjects);
    await using rest = await open(`?after=${cursor}&operation=submit_work`, { 'last-event-id': idsIn(all)[0] ?? '' });
    await expect.poll(() => tasksIn(rest)).toEqual(subjects.slice(1));
  });

  test.each([
    ['?after=yesterday', 400, 'invalid_input', 'after: must be a cursor such as 4711-42, or now'],
    ['?limit=3', 400, 'invalid_input', 'limit: unknown field'],
    ['?task_id=7', 400, 'invalid_input', expect.stringMatching(/^task_id: must be a UUID/)],
    ['?after=999999999999-1', 400, 'invalid_input', expect.stringMatching(/^after: /)],
  ])('%s is answered with a problem', async (query, status, code, message) => {
    const { response, text, ended } = await open(query);
    await ended;
    expect(response.status).toBe(status);
    expect(JSON.parse(text()).error).toMatchObject({ code, message });
  });

  test('a Last-Event-ID older than what is kept is answered with the oldest cursor', async () => {
    const eve = await db.session('eve', { project: 'old' });
    await eve.submitWork({ title: 'old' });
    const project_id = await projectId(db, 'old');
    await db.sql`
      insert into coord.journal_floors (project_id, xact_id, entry_id)
      select project_id, xact_id, entry_id from coord.journal where project_id = ${project_id}
      order by xact_id desc limit 1`;
    const key = await server.keyFor({ agent: 'bob', project: 'old', trust: 1 } as never);
    const { response, text, ended } = await open('', { 'last-event-id': '1-1' }, key);
    await ended;
    expect(response.status).toBe(404);
    const { error } = JSON.parse(text());
    expect(error.details).toEqual({ reason: 'cursor_expired', oldest_cursor: expect.stringMatching(/^\d+-\d+$/) });
    await using again = await open('', { 'last-event-id': error.details.oldest_cursor }, key);
    expect(again.response.status).toBe(200);
  });

  test('wants a key that may read, and shows nothing of another project', async () => {
    expect((await fetch(`${server.url}/v1/events`)).status).toBe(401);
    const nobody = await server.keyFor({ agent: 'none', project: 'test', trust: 0 } as never);
    expect((await open('', {}, nobody)).response.status).toBe(403);
    const theirs = await server.keyFor({ agent: 'bob', project: 'theirs', trust: 1 } as never);
    await using raw = await open('?after=0-0&operation=submit_work', {}, theirs);
    await submit();
    await pause(300);
    expect(tasksIn(raw)).toEqual([]);
  });

  test('ends within 5 s after the key was revoked, and says so', async () => {
    const { api_key: key, key_id } = await ann.createKey({ agent: 'cid', trust: 1 });
    await using raw = await open('?subject=task:', {}, key);
    await ann.revokeKey({ key_id });
    const begun = performance.now();
    await raw.ended;
    const seconds = (performance.now() - begun) / 1000;
    console.log(`the stream of a revoked key ended after ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(5);
    expect(raw.text()).toMatch(/event: failure\ndata: .*unauthenticated/);
  });

  test('drops a client that stops reading, and holds little for it', async () => {
    const { hostname, port } = new URL(server.url);
    const { cursor } = await ann.listEvents({ after: 'now' });
    const socket = connectSocket(Number(port), hostname);
    socket.write(
      `GET /v1/events?operation=sweep HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${api_key}\r\n\r\n`,
    );
    await once(socket, 'readable');
    const detail = JSON.stringify({ filler: 'x'.repeat(1000) });
    const flood = () => db.sql`
      insert into coord.journal (project_id, operation, resource, outcome, detail)
      select ${projectOf}::integer, 'sweep', 'project', 'ok', ${detail}::text::jsonb from generate_series(1, 3000)`;
    const projectOf = await projectId(db);
    globalThis.gc?.();
    for (let round = 0; round < 12; round++) {
      await flood();
      await pause(200);
    }
    socket.resume();
    await once(socket, 'close');
    // What it has not read is still to be had.
    const page = await ann.listEvents({ after: cursor, operation: 'sweep', limit: 200 });
    expect(page.events).toHaveLength(200);
  });

  test('ends in order when the server closes', async () => {
    const other = await startHttpServer(db);
    const response = await fetch(`${other.url}/v1/events`, { headers: { authorization: `Bearer ${api_key}` } });
    const text = response.text();
    await pause(100);
    const begun = performance.now();
    await other[Symbol.asyncDispose]();
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(await text).not.toContain('failure');
  });
});

describe('coordinator.events() over HTTP', () => {
  test('hands out events, and ends with its signal', async () => {
    await using session = await connect({ url: server.url, api_key });
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const filter = { subject: 'task:' };
      for await (const { subjects } of session.coordinator.events(filter, { signal: stop.signal }))
        seen.push(...subjects);
    })();
    await pause(300);
    const subjects = [await submit(), await submit()];
    await expect.poll(() => seen).toEqual(subjects);
    stop.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });

  test('goes on when the server is stopped and started anew: nothing is lost, and nothing comes twice', async () => {
    const port = await freePort();
    const start = async () => {
      const app = await createApp({ database: db.database, version: '0' });
      await listen(app, { port });
      return app;
    };
    let app = await start();
    const transport = httpTransport({ url: `http://127.0.0.1:${port}`, apiKey: api_key });
    const session = new Session(transport, { beats: false });
    const seen: CoordinationEvent[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      const filter = { operation: 'submit_work' };
      for await (const event of session.coordinator.events(filter, { signal: stop.signal })) seen.push(event);
    })().catch(() => {});
    await pause(300);
    const subjects: string[] = [];
    for (let round = 0; round < 3; round++) {
      subjects.push(await submit(), await submit());
      await app.close();
      subjects.push(await submit());
      app = await start();
      subjects.push(await submit());
    }
    await expect.poll(() => seen.map((event) => event.subjects[0]), { timeout: 15_000 }).toEqual(subjects);
    stop.abort();
    await reading;
    await session.close();
    await app.close();
  });

  test('fails at once when nobody is there, and when the key is not valid', async () => {
    const first = async (url: string, key: string) => {
      const { coordinator } = new Session(httpTransport({ url, apiKey: key }));
      return coordinator.events()[Symbol.asyncIterator]().next();
    };
    await expect(first(`http://127.0.0.1:${await freePort()}`, api_key)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(first(server.url, `${api_key}x`)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
