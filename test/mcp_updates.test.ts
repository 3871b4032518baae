import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from './doors/http_server.ts';
import { identity, newEra } from './doors/mcp_client.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { listeners, untilListening } from './helpers/waiting.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let server: HttpServer;
let ann: TestSession;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  server = cleanup.use(await startHttpServer(db));
  ann = await db.session('ann', { trust: 4 });
});
afterAll(() => cleanup.disposeAsync());

const command = fileURLToPath(new URL('../packages/cli/bin/agentcoord.js', import.meta.url));
const agent = () => ({
  command: process.execPath,
  args: [command, 'mcp'],
  env: { DATABASE_URL: db.url, AGENT_ID: 'bob', AGENT_PROJECT: 'test' },
  stderr: 'ignore' as const,
});

/** A client that has subscribed to a resource, and what it was told since. */
interface Subscriber extends AsyncDisposable {
  updated: string[];
  unsubscribe(): Promise<unknown>;
}

const uri = 'locks://current';

async function listening(client: Client): Promise<Subscriber> {
  const updated: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
  const subscription = await client.listen({ resourceSubscriptions: [uri] });
  return {
    updated,
    unsubscribe: () => subscription.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function overHttp(key: string): Promise<Subscriber> {
  const client = new Client(identity, newEra);
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit }));
  return listening(client);
}

const keyFor = (name: string, project = 'test') => server.keyFor({ agent: name, project, trust: 1 } as never);

const doors: Record<string, () => Promise<Subscriber>> = {
  'stdio, protocol of 2026-07-28': async () => {
    const client = new Client(identity, newEra);
    await client.connect(new StdioClientTransport(agent()));
    return listening(client);
  },
  'stdio, SDK 1.x': async () => {
    const updated: string[] = [];
    const client = new OldClient(identity);
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
    await client.connect(new OldStdioTransport(agent()));
    expect(client.getServerCapabilities()?.resources).toEqual({ subscribe: true });
    await client.subscribeResource({ uri });
    return {
      updated,
      unsubscribe: () => client.unsubscribeResource({ uri }),
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
  'HTTP, protocol of 2026-07-28': async () => overHttp(await keyFor('bob')),
};

describe.each(Object.keys(doors))('over %s', (door) => {
  test('a client is told when a resource it has subscribed to reads otherwise, and of no other', async () => {
    await using subscriber = await (doors[door] as () => Promise<Subscriber>)();
    await untilListening(db, 1);
    await ann.submitWork({ title: 'not a lock' });
    await ann.acquireLock({ paths: ['a.ts'] });
    await expect.poll(() => subscriber.updated, { timeout: 5000 }).toEqual([uri]);
    for (let round = 0; round < 20; round++) await ann.acquireLock({ paths: ['a.ts'] });
    await ann.releaseLock({ paths: ['a.ts'] });
    const begun = subscriber.updated.length;
    await expect.poll(() => subscriber.updated.length, { timeout: 5000 }).toBeGreaterThan(begun);
    expect(subscriber.updated.length).toBeLessThan(8);
    await subscriber.unsubscribe();
    await untilListening(db, door.includes('2026-07-28') && door.includes('stdio') ? 1 : 0);
    const before = subscriber.updated.length;
    await ann.acquireLock({ paths: ['b.ts'] });
    await ann.releaseLock({ paths: ['b.ts'] });
    expect(subscriber.updated).toHaveLength(before);
  });
});

describe('over HTTP', () => {
  test('nobody is told what happens in another project, nor after its key was revoked', async () => {
    await untilListening(db, 0);
    const { api_key, key_id } = await ann.createKey({ agent: 'cid', trust: 1 });
    await using ours = await overHttp(await keyFor('bob'));
    await using revoked = await overHttp(api_key);
    await using theirs = await overHttp(await keyFor('eve', 'theirs'));
    await untilListening(db, 1);
    // Of sessions that begin: locks may change with those that end.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const { updated } of [ours, revoked, theirs]) updated.length = 0;
    await ann.acquireLock({ paths: ['c.ts'] });
    await expect.poll(() => [ours, revoked].map(({ updated }) => updated.length)).toEqual([1, 1]);
    await ann.revokeKey({ key_id });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const before = revoked.updated.length;
    await ann.releaseLock({ paths: ['c.ts'] });
    await expect.poll(() => ours.updated.length).toBeGreaterThan(1);
    expect(revoked.updated).toHaveLength(before);
    expect(theirs.updated).toEqual([]);
    expect(await listeners(db)).toHaveLength(1);
  });

  test('clients of the protocol before see that there is no subscribing', async () => {
    const client = new OldClient(identity);
    const { StreamableHTTPClientTransport: OldHttpTransport } = await import(
      '@modelcontextprotocol/sdk/client/streamableHttp.js'
    );
    const requestInit = { headers: { authorization: `Bearer ${await keyFor('bob')}` } };
    await client.connect(new OldHttpTransport(new URL('/mcp', server.url), { requestInit }) as never);
    expect(client.getServerCapabilities()?.resources).toEqual({});
    await client.close();
  });

  /** What a request for a stream is answered with, and its end. */
  async function listen(key: string): Promise<{ status: number; body: () => Promise<string> }> {
    const answer = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        method: 'subscriptions/listen',
        params: {
          notifications: { resourceSubscriptions: [uri] },
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      }),
    });
    return { status: answer.status, body: () => answer.text() };
  }

  test('one key has 200 streams at most, which end when it is revoked; who may read nothing gets none', async () => {
    const { api_key, key_id } = await ann.createKey({ agent: 'dan', trust: 1 });
    const opened = await Promise.all(Array.from({ length: 205 }, () => listen(api_key)));
    const refused = opened.filter(({ status }) => status !== 200);
    expect(refused.map(({ status }) => status)).toEqual(Array(5).fill(429));
    expect(JSON.parse((await refused[0]?.body()) as string)).toMatchObject({
      id: 7,
      error: { data: { error: { code: 'limit_exceeded' } } },
    });
    const ends = Promise.all(opened.filter(({ status }) => status === 200).map(({ body }) => body()));
    const revoked = Date.now();
    await ann.revokeKey({ key_id });
    expect(await ends).toHaveLength(200);
    expect(Date.now() - revoked).toBeLessThan(6000);
    const blind = await ann.createKey({ agent: 'eli', trust: 0 });
    const { status, body } = await listen(blind.api_key);
    expect(status).toBe(403);
    expect(JSON.parse(await body())).toMatchObject({ error: { data: { error: { code: 'forbidden' } } } });
  }, 30_000);
});
