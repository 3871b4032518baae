import { setTimeout as pause } from 'node:timers/promises';
import { coordinatorOver, type Operation, operationNamed } from '@agentcoord/contract';
import { httpTransport } from '@agentcoord/sdk';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { identity, newEra } from './doors/mcp_client.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let server: HttpServer;
let root: TestSession;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  root = await db.session('root', { trust: 4 });
  await root.acquireLock({ paths: ['held.ts'] });
});
afterAll(() => cleanup.disposeAsync());

interface Key {
  api_key: string;
  key_id: string;
  agent: string;
}

/** What is open with a key, by its kind; `heard` is all that its client heard, once it has ended. */
const open: Record<string, (key: Key) => Promise<{ heard: Promise<string> }>> = {
  'a stream of events': async ({ api_key }) => {
    const headers = { authorization: `Bearer ${api_key}` };
    const response = await fetch(`${server.url}/v1/events`, { headers });
    return { heard: response.text() };
  },
  'a call that waits': async ({ api_key }) => {
    const headers = { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ paths: ['held.ts'], wait_seconds: 60 });
    return {
      heard: fetch(`${server.url}/v1/locks/acquire`, { method: 'POST', headers, body }).then((answer) => answer.text()),
    };
  },
  'a tool of MCP that waits': async ({ api_key }) => {
    const client = new Client(identity, newEra);
    const requestInit = { headers: { authorization: `Bearer ${api_key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit }));
    cleanup.defer(() => client.close());
    const call = { name: 'acquire_lock', arguments: { paths: ['held.ts'], wait_seconds: 60 } };
    return { heard: client.callTool(call).then(({ content }) => JSON.stringify(content)) };
  },
};

/** What ends the right to call, and the word for it that every client must hear. */
const ways: Record<string, [word: string, end: (key: Key) => Promise<unknown>]> = {
  'its key is revoked': ['unauthenticated', ({ key_id }) => root.revokeKey({ key_id })],
  'its key is replaced without an overlap': [
    'unauthenticated',
    ({ key_id }) => root.rotateKey({ key_id, overlap_seconds: 0 }),
  ],
  'its agent is suspended': ['suspended', ({ agent }) => root.suspendAgent({ agent })],
  'its profile does not permit it any more': [
    'operation_not_permitted',
    async ({ agent }) => {
      await root.setProfile({ profile: agent, trust: 2, blocked_operations: ['events', 'locks'] });
      await root.assignProfile({ profile: agent, agent });
    },
  ],
};

let keys = 0;

describe.each(Object.entries(ways))('when %s', (way, [word, end]) => {
  test('whatever is open with it ends within 5 s and says why', { timeout: 30_000 }, async () => {
    const results = Object.entries(open).map(async ([kind, start]) => {
      const agent = `agent-${++keys}`;
      const key = await root.createKey({ agent });
      const { heard: hearing } = await start(key);
      await pause(500);
      const begun = performance.now();
      await end(key);
      const heard = await hearing;
      return { kind, heard, seconds: (performance.now() - begun) / 1000 };
    });
    for (const { kind, heard, seconds } of await Promise.all(results)) {
      console.log(`when ${way}, ${kind} ended after ${seconds.toFixed(1)} s`);
      expect(heard, kind).toContain(word);
      expect(seconds, kind).toBeLessThan(5);
    }
  });
});

test('a stream ends within 5 s with the session that it was opened with, whoever else reads on', {
  timeout: 20_000,
}, async () => {
  const { api_key } = await root.createKey({ agent: 'streaming' });
  const transport = httpTransport({ url: server.url, apiKey: api_key });
  const { session_id } = await coordinatorOver(transport).registerSession();
  const leaving = new AbortController();
  cleanup.defer(() => leaving.abort());
  const streamOf = async (session: object) => {
    const headers = { authorization: `Bearer ${api_key}`, ...session };
    const response = await fetch(`${server.url}/v1/events`, { headers, signal: leaving.signal });
    return response.text().catch(() => 'still open');
  };
  const [bound, free] = [streamOf({ 'agentcoord-session': session_id }), streamOf({})];
  await pause(500);
  await transport.invoke(operationNamed('end_session') as Operation, {}, { session_id });
  const late = pause(5000).then(() => 'late');
  expect(await Promise.race([bound, late])).toContain('session_ended');
  await pause(200);
  leaving.abort();
  expect(await free).toBe('still open');
});

test('a subagent calls over HTTP with the key and a session of its own, as long as the one that opened it lives', async () => {
  const { api_key, key_id } = await root.createKey({ agent: 'leader' });
  const transport = httpTransport({ url: server.url, apiKey: api_key });
  const as = (session_id?: string) =>
    coordinatorOver({ invoke: (operation, input) => transport.invoke(operation, input, { session_id }) });
  const { session_id: leader } = await as().registerSession();
  const { session_id: helper } = await as(leader).openSubagent({ name: 'helper', trust: 1 });
  expect(await as(helper).getMyProfile()).toMatchObject({
    ...{ agent: 'leader/helper', delegated_from: 'leader', parent_session_id: leader, key_id, trust: 1 },
  });
  await expect(as(helper).submitWork({ title: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
  await as(leader).endSession();
  await expect(as(helper).checkLocks()).rejects.toMatchObject({
    code: 'unauthenticated',
    details: { reason: 'session_ended' },
  });
});
