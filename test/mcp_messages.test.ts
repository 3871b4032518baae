import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';

const cleanup = new AsyncDisposableStack();
let server: HttpServer;
let headers: Record<string, string>;

beforeAll(async () => {
  const db: TestDatabase = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  const authorization = `Bearer ${await server.keyFor({ agent: 'ann', project: 'test', trust: 1 })}`;
  headers = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
});
afterAll(() => cleanup.disposeAsync());

async function send(message: object, more: Record<string, string> = {}) {
  const body = JSON.stringify(Array.isArray(message) ? message : { jsonrpc: '2.0', id: 7, ...message });
  const answer = await fetch(`${server.url}/mcp`, { method: 'POST', headers: { ...headers, ...more }, body });
  return { status: answer.status, text: await answer.text() };
}

const wide = Array.from({ length: 30_000 }, () => ({}));
const named = (count: number, length: number) =>
  Object.fromEntries(wide.slice(0, count).map((_, index) => [`${index}`.padEnd(length, 'x'), 1]));

const initialize = (more: object, capabilities = {}) => ({
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities, clientInfo: { name: 'x', version: 'y', ...more } },
});
const call = (more: object, input: object = {}) => ({
  method: 'tools/call',
  params: { name: 'acquire_lock', arguments: input, ...more },
});

describe('a message is refused before the protocol library looks at it when it has', () => {
  test.each([
    ['very many values in what a client says of itself', initialize({ icons: wide })],
    ['very many names', initialize({}, named(5000, 5))],
    ['very many values beside the arguments', call({ x: wide.slice(0, 2000) })],
    ['very many values in the arguments', call({}, { paths: wide })],
    ['a long text beside the arguments', call({ x: 'x'.repeat(300_000) })],
    ['long names', call({ x: named(300, 1000) })],
    ['the arguments of a call a second time', call({ x: { arguments: wide } })],
    ['very many values and is a list', wide],
  ])('%s', async (_, message) => {
    const { status, text } = await send(message);
    expect(status).toBe(400);
    expect(JSON.parse(text).error).toMatchObject({
      code: -32600,
      message: expect.stringMatching(/^The body has more than/),
      data: { error: { code: 'invalid_input' } },
    });
  });
});

test('what is large within the arguments is refused by the operation, which knows its limits', async () => {
  const paths = wide.slice(0, 5000).map((_, index) => `${index}.ts`);
  const { status, text } = await send(call({}, { paths }));
  expect(status).toBe(200);
  expect(text).toContain('paths');
  expect((await send(initialize({ icons: [{ src: `data:image/png;base64,${'x'.repeat(200_000)}` }] }))).status).toBe(
    200,
  );
});

test('a request for a stream that is refused takes no place among the streams of its key', async () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const method = 'subscriptions/listen';
  const version = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
  for (let time = 0; time < 205; time++) {
    const { text } = await send({ method, params: { notifications: 5, _meta } }, version);
    expect(JSON.parse(text).error.code).toBe(-32602);
  }
  const following = await fetch(`${server.url}/v1/events`, { headers });
  expect(following.status).toBe(200);
  await following.body?.cancel();
});
