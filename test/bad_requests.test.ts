import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { errorBodyOf } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { keyOf } from './helpers/http_door.ts';
import { connected, rawStatus } from './helpers/raw_sockets.ts';
import { stateOf } from './helpers/state.ts';

let db: TestDatabase;
let server: HttpServer;
let key: string;
const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  key = await server.keyFor({ agent: 'ann', project: 'test', trust: 2 });
  await send('/v1/board', { method: 'GET' });
});
afterAll(() => cleanup.disposeAsync());

async function send(path: string, { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> }) {
  const accept = 'application/json, text/event-stream';
  const authorized = { authorization: `Bearer ${key}`, accept, 'content-type': 'application/json', ...headers };
  const response = await fetch(server.url + path, { method: 'POST', ...init, headers: authorized });
  // MCP answers in an event stream of one event.
  const text = (await response.text()).replace(/^event: message\ndata: /, '');
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    body: JSON.parse(text) as unknown,
  };
}

const acquire = '/v1/locks/acquire';
const lock = '{"paths":["a.ts"]';

describe('a request', () => {
  const description = 'x'.repeat(262_145);
  const cases: [title: string, status: number, path: string, body: string | Uint8Array<ArrayBuffer>, type?: string][] =
    [
      ['with a body of 1 MiB and a byte', 413, acquire, `${lock}}`.padEnd(1_048_577)],
      ['with a text of 262,145 bytes', 400, '/v1/tasks', JSON.stringify({ title: 'x', description })],
      ['with half of its JSON', 400, acquire, lock],
      ['with 1e400 for a number', 400, acquire, `${lock},"ttl_seconds":1e400}`],
      ['with NaN for a number', 400, acquire, `${lock},"ttl_seconds":NaN}`],
      ['with half a character, escaped', 400, acquire, `${lock},"reason":"\\ud800"}`],
      ['with NUL, escaped', 400, acquire, `${lock},"reason":"\\u0000"}`],
      ['with bytes that are no UTF-8', 400, acquire, Uint8Array.from(Buffer.from('7b22ff227d', 'hex'))],
      ['with __proto__', 400, acquire, `${lock},"__proto__":{"reason":"x"}}`],
      ['that is a list', 400, acquire, '[]'],
      ['that is a text', 400, acquire, '"a.ts"'],
      ['that is null', 400, acquire, 'null'],
      ['that is empty', 400, acquire, ''],
      ['with 100,000 levels', 400, acquire, '['.repeat(100_000)],
      ['with 65 levels', 400, '/v1/tasks', `{"title":"x","input":${'{"a":'.repeat(65)}1${'}'.repeat(66)}`],
      ['declared as a form', 415, acquire, `${lock}}`, 'application/x-www-form-urlencoded'],
      ['to an address that does not exist', 404, '/v1/locks/borrow', `${lock}}`],
      ['with a broken address', 400, '/v1/tasks/%ff/complete', '{"claim_token":1}'],
    ];

  test.each(cases)('%s is refused, and changes nothing', async (_, status, path, body, type = 'application/json') => {
    const before = await stateOf(db);
    const answer = await send(path, { body, headers: { 'content-type': type } });
    expect(answer).toMatchObject({ status, type: expect.stringContaining('problem+json') });
    const error = errorBodyOf(answer.body);
    expect(error).toMatchObject({
      code: status === 404 ? 'not_found' : 'invalid_input',
      hint: expect.stringMatching(/\w/),
    });
    expect(await stateOf(db)).toEqual(before);
  });

  test.each(['agentcoord-session', 'idempotency-key'])('with a malformed %s is refused', async (name) => {
    const answer = await send(acquire, { body: `${lock}}`, headers: { [name]: 'no good' } });
    expect(errorBodyOf(answer.body)).toMatchObject({ code: 'invalid_input', hint: expect.stringMatching(/\w/) });
  });

  test('in the name of a session of another project is refused like one of a session that never was', async () => {
    const stranger = await db.session('stranger', { project: 'elsewhere' });
    const says = async (session: string) =>
      (await send(acquire, { body: `${lock}}`, headers: { 'agentcoord-session': session } })).body;
    const others = errorBodyOf(await says(stranger.session_id));
    expect(others).toMatchObject({ code: 'unauthenticated' });
    expect(others).toEqual(errorBodyOf(await says('019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f')));
  });
});

describe('a key that is not valid is refused in the same words on /v1 and /mcp', () => {
  const keys: [title: string, make: () => Promise<string>][] = [
    ['unknown', async () => keyOf('zzzzzzzzzzzz', randomBytes(32).toString('hex'))],
    ['mistyped', async () => key.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['with a foreign secret', async () => keyOf(key.slice(3, 15), randomBytes(32).toString('hex'))],
    ['expired', () => spoiled("expires_at = clock_timestamp() - interval '1 second'")],
    ['revoked', () => spoiled('revoked_at = clock_timestamp()')],
    ['that is no key at all', async () => 'password'],
  ];

  async function spoiled(change: string): Promise<string> {
    const made = await server.keyFor({ agent: 'spoiled', project: 'test', trust: 2 });
    await db.sql.unsafe(`update coord.api_keys set ${change} where key_id = '${made.slice(3, 15)}'`);
    return made;
  }

  test.each(keys)('%s', async (_, make) => {
    const authorization = `Bearer ${await make()}`;
    const before = await stateOf(db);
    const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const answers = [
      await send(acquire, { body: `${lock}}`, headers: { authorization } }),
      await send('/mcp', { body: call, headers: { authorization } }),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(401);
      expect(errorBodyOf(body)).toEqual({
        code: 'unauthenticated',
        message: 'The API key is not valid.',
        hint: expect.stringContaining('keys create'),
      });
    }
    expect(await stateOf(db)).toEqual(before);
  });
});

test('a request line that names the whole URL is answered as one with its path', async () => {
  const ask = (method: string, path: string, body: string) =>
    rawStatus(
      server.url,
      `${method} ${server.url}${path} HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer ${key}\r\n` +
        `Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  expect(await ask('POST', '/mcp', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}')).toBe(200);
  expect(await ask('GET', '/v1/locks', '')).toBe(200);
  expect([await ask('GET', '', ''), await ask('GET', '?x', '')]).toEqual([404, 404]);
});

test('a body in chunks is refused before it is read, with and without a key, and the connection is closed', async () => {
  for (const authorization of [`Authorization: Bearer ${key}\r\n`, '']) {
    const socket = await connected(Number(new URL(server.url).port));
    const closed = once(socket, 'close');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    socket.write(`POST /v1/board HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n${authorization}`);
    socket.write(`Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(1000)}`);
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 411 [\s\S]*Content-Length/);
  }
});

describe('JSON-RPC over HTTP that is malformed is answered and changes nothing', () => {
  test.each([
    ['half a message', '{"jsonrpc":"2.0","id":1,'],
    ['no method', '{"jsonrpc":"2.0","id":1}'],
    ['a method that is no text', '{"jsonrpc":"2.0","id":1,"method":5}'],
    [
      'arguments that are no object',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"acquire_lock","arguments":[]}}',
    ],
    [
      'a tool that does not exist',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"borrow","arguments":{}}}',
    ],
    ['a number', '5'],
  ])('%s', async (_, body) => {
    const before = await stateOf(db);
    const { status, body: answer } = await send('/mcp', { body });
    expect(status).toBeLessThan(500);
    const { error } = answer as { error: { message: string; data?: unknown } };
    expect(errorBodyOf(answer) ?? errorBodyOf(error.data)).toMatchObject({
      code: 'invalid_input',
      hint: expect.stringMatching(/\w/),
    });
    expect(await stateOf(db)).toEqual(before);
  });
});
