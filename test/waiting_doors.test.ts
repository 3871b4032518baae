import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { coordinatorOver, type Invoker, operations } from '@agentcoord/contract';
import { postgresDatabase } from '@agentcoord/core';
import { createApp, listen } from '@agentcoord/http';
import { createHttpHandler } from '@agentcoord/mcp';
import { connect } from '@agentcoord/sdk';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Door } from './doors/door.ts';
import { doors } from './doors/index.ts';
import { identity, newEra } from './doors/mcp_client.ts';
import { environment, program, run } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { median, timed, untilListening } from './helpers/waiting.ts';

vi.setConfig({ testTimeout: 60_000 });

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;
/** Asks for what others hold, to hear how many wait for it. */
let zoe: TestSession;
let paths = 0;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  ann = await db.session('ann');
  zoe = await db.session('zoe');
});
afterAll(() => cleanup.disposeAsync());

async function heldPath(): Promise<string> {
  const path = `held-${++paths}.ts`;
  await ann.acquireLock({ paths: [path] });
  return path;
}

const acquire = (invoker: Invoker, path: string, wait_seconds: number) =>
  coordinatorOver(invoker).acquireLock({ paths: [path], wait_seconds });

/** A server with connections of its own, as in another process. */
async function startServer(port = 0) {
  const database = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'The server' });
  const handle = createHttpHandler({ operations, version: '0' });
  const app = await createApp({
    database,
    version: '0',
    mounts: [{ path: '/mcp', handle, close: () => handle.close() }],
  });
  const url = await listen(app, { port });
  const close = async () => {
    await app.close();
    await database.close();
  };
  return { app, url, close, [Symbol.asyncDispose]: close };
}

async function keyOf(agent: string): Promise<string> {
  const root = await db.session('root', { trust: 4 });
  return (await root.createKey({ agent, trust: 2 })).api_key;
}

async function mcpOver(transport: ConstructorParameters<typeof StdioClientTransport>[0] | URL, key = '') {
  const client = new Client(identity, newEra);
  const headers = { authorization: `Bearer ${key}` };
  const connection =
    transport instanceof URL
      ? new StreamableHTTPClientTransport(transport, { requestInit: { headers } })
      : new StdioClientTransport(transport);
  await client.connect(connection);
  return client;
}

const call = (path: string, wait_seconds: number) => ({
  name: 'acquire_lock',
  arguments: { paths: [path], wait_seconds },
});

describe.each(doors)('$name', (door: Door) => {
  test.skipIf(door.missing)('waits for a lock, and gets it when it is released elsewhere', async () => {
    await using open = await door.open(db);
    const bob = await open.enter({ agent: `bob-${++paths}`, project: 'test', trust: door.trusts[0] ?? 2 });
    const path = await heldPath();
    const waiting = acquire(bob, path, 30);
    await expect.poll(() => waits(path), { timeout: 15_000 }).toBe(true);
    await ann.releaseLock({ paths: [path] });
    expect(await waiting).toMatchObject({ acquired: true });
  });
});

/** True once somebody queues for the path. */
async function waits(path: string): Promise<boolean> {
  return (await zoe.acquireLock({ paths: [path] })).position === 2;
}

describe('who waits in one process and is let go by another', () => {
  const stdio = doors.find(({ name }) => name === 'MCP over stdio, client 2.x') as Door;

  test.each([
    ['over HTTP', 'MCP on stdio'],
    ['MCP on stdio', 'over HTTP'],
  ])('goes on within 50 ms, in the median of 20: waiting %s, released %s', async (waiter) => {
    await using server = await startServer();
    await using processes = await stdio.open(db);
    const agents = {
      'MCP on stdio': await processes.enter({ agent: `eve-${++paths}`, project: 'test', trust: 2 }),
      'over HTTP': await connect({ url: server.url, api_key: await keyOf(`fay-${++paths}`) }),
    };
    const [first, second] = waiter === 'over HTTP' ? ['MCP on stdio', 'over HTTP'] : ['over HTTP', 'MCP on stdio'];
    const holder = agents[first as keyof typeof agents];
    const taker = agents[second as keyof typeof agents];
    const delays: number[] = [];
    for (let round = 0; round < 20; round++) {
      const path = `handed-${++paths}.ts`;
      await acquire(holder, path, 0);
      const waiting = timed(acquire(taker, path, 20));
      await expect.poll(() => waits(path), { interval: 10 }).toBe(true);
      await untilListening(db, 1);
      await coordinatorOver(holder).releaseLock({ paths: [path] });
      const released = performance.now();
      const { at, answer } = await waiting;
      expect(answer.acquired).toBe(true);
      delays.push(Math.round(at - released));
    }
    console.log(`woken after (ms), waiting ${waiter}: median ${median(delays)}, ${delays.toSorted((a, b) => a - b)}`);
    expect(median(delays)).toBeLessThanOrEqual(50);
  });
});

describe('a client that is gone', () => {
  /** The call has ended: nobody listens any more, and the lock that comes free stays so. */
  async function expectEnded(path: string): Promise<void> {
    await untilListening(db, 0);
    await ann.releaseLock({ paths: [path] });
    expect((await ann.checkLocks({ paths: [path] })).locks).toEqual([]);
  }

  test('waits no longer over HTTP', async () => {
    await using server = await startServer();
    await using bob = await connect({ url: server.url, api_key: await keyOf('gone-http') });
    const path = await heldPath();
    const controller = new AbortController();
    const waiting = bob.lock(path, { wait_seconds: 60, signal: controller.signal });
    await untilListening(db, 1);
    controller.abort(new Error('no more'));
    await expect(waiting).rejects.toThrow('no more');
    await expectEnded(path);
  });

  test.each(['stdio', 'HTTP'])('waits no longer over MCP when it cancels the request: %s', async (way) => {
    await using server = await startServer();
    const env = environment({ DATABASE_URL: db.url, AGENT_ID: 'gone', AGENT_PROJECT: 'test' });
    const client =
      way === 'stdio'
        ? await mcpOver({ command: process.execPath, args: [program, 'mcp'], env, stderr: 'ignore' })
        : await mcpOver(new URL('/mcp', server.url), await keyOf('gone-mcp'));
    const path = await heldPath();
    const controller = new AbortController();
    const waiting = client.callTool(call(path, 60), { signal: controller.signal });
    await untilListening(db, 1);
    controller.abort();
    await expect(waiting).rejects.toThrow();
    await expectEnded(path);
    await client.close();
  });

  test('ends with exit code 130 on the command line when it is interrupted', async () => {
    const env = environment({ DATABASE_URL: db.url, AGENT_PROJECT: 'test', AGENT_ID: 'hal' });
    const path = await heldPath();
    const words = [program, 'lock', 'acquire', path, '--wait-seconds', '60'];
    const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
    await untilListening(db, 1);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(printed).toBe('');
    await expectEnded(path);
  });
});

describe('a server that closes', () => {
  test('answers all who wait with what it knows, over both of its protocols', async () => {
    const server = await startServer();
    const api_key = await keyOf('closing');
    const path = await heldPath();
    const body = JSON.stringify({ paths: [path], wait_seconds: 60 });
    const headers = { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' };
    const plain = Array.from({ length: 20 }, async () => {
      const response = await fetch(`${server.url}/v1/locks/acquire`, { method: 'POST', headers, body });
      return [response.status, await response.json()];
    });
    const client = await mcpOver(new URL('/mcp', server.url), api_key);
    const tool = client.callTool(call(path, 60));
    await untilListening(db, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { seconds } = await timed(server.close());
    expect(seconds).toBeLessThan(2);
    const no = { acquired: false, blocked_by: [{ agent: 'ann' }] };
    for (const answer of await Promise.all(plain)) expect(answer).toMatchObject([200, no]);
    expect(await tool).toMatchObject({ structuredContent: no });
    await client.close();
  });

  test('and comes back is waited for by the SDK, for the rest of the time', async () => {
    const first = await startServer();
    const bob = await connect({ url: first.url, api_key: await keyOf('patient') });
    const path = await heldPath();
    const waiting = bob.lock(path, { wait_seconds: 30 });
    await untilListening(db, 1);
    await first.close();
    await ann.releaseLock({ paths: [path] });
    await using second = await startServer(Number(new URL(first.url).port));
    const lock = await waiting;
    expect([lock.paths, second.url]).toEqual([[path], first.url]);
    await bob.close();
  });
});

describe('the SDK', () => {
  test('waits on when the connection is lost, and is granted what a lost answer had granted', async () => {
    await using server = await startServer();
    await using bob = await connect({ url: server.url, api_key: await keyOf('cut') });
    const path = await heldPath();
    const waiting = bob.coordinator.acquireLock({ paths: [path], wait_seconds: 30 });
    await untilListening(db, 1);
    server.app.server.closeAllConnections();
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.app.server.closeAllConnections();
    await ann.releaseLock({ paths: [path] });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('is told at once that nobody is there', async () => {
    const server = await startServer();
    const bob = await connect({ url: server.url, api_key: await keyOf('nobody') });
    await server.close();
    const { answer, seconds } = await timed(bob.lock('a.ts', { wait_seconds: 30 }).catch((error: unknown) => error));
    expect(answer).toMatchObject({ code: 'unavailable' });
    expect(seconds).toBeLessThan(5);
    await bob.close();
  });

  test('holds what it has waited for longer than it lasts', async () => {
    await using server = await startServer();
    await using bob = await connect({ url: server.url, api_key: await keyOf('late') });
    const path = await heldPath();
    const waiting = bob.lock(path, { wait_seconds: 30, ttl_seconds: 2 });
    const claiming = bob.claim({ types: ['late'], lease_seconds: 2, wait_seconds: 30 });
    await untilListening(db, 1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await ann.releaseLock({ paths: [path] });
    await ann.submitWork({ title: 'late', type: 'late' });
    const [lock, claim] = await Promise.all([waiting, claiming]);
    expect([lock.signal.aborted, claim?.signal.aborted]).toEqual([false, false]);
    await claim?.complete();
    await lock.release();
  });
});

test('with AGENTCOORD_URL the flags that the key decides are refused', async () => {
  const variables = { AGENTCOORD_URL: 'http://127.0.0.1:9', AGENTCOORD_API_KEY: 'ac_x' };
  for (const flag of ['--agent', '--project']) {
    const { code, stderr } = await run(['board', flag, 'eve'], variables);
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^error: ${flag}: .*key.*\\nhint: Leave ${flag} out`));
  }
});
