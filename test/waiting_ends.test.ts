import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from '@agentcoord/sdk';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { identity, newEra } from './doors/mcp_client.ts';
import { environment, program } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { keyOf, startServer } from './helpers/http_process.ts';
import { heldPath, timed, untilListening } from './helpers/waiting.ts';

vi.setConfig({ testTimeout: 60_000 });

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  ann = await db.session('ann');
});
afterAll(() => cleanup.disposeAsync());

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

describe('a client that is gone', () => {
  /** The call has ended: nobody listens any more, and the lock that comes free stays so. */
  async function expectEnded(path: string): Promise<void> {
    await untilListening(db, 0);
    await ann.releaseLock({ paths: [path] });
    expect((await ann.checkLocks({ paths: [path] })).locks).toEqual([]);
  }

  test('waits no longer over HTTP', async () => {
    await using server = await startServer(db);
    await using bob = await connect({ url: server.url, api_key: await keyOf(db, 'gone-http') });
    const path = await heldPath(ann);
    const controller = new AbortController();
    const waiting = bob.lock(path, { wait_seconds: 60, signal: controller.signal });
    await untilListening(db, 1);
    controller.abort(new Error('no more'));
    await expect(waiting).rejects.toThrow('no more');
    await expectEnded(path);
  });

  test.each(['stdio', 'HTTP'])('waits no longer over MCP when it cancels the request: %s', async (way) => {
    await using server = await startServer(db);
    const env = environment({ DATABASE_URL: db.url, AGENT_ID: 'gone', AGENT_PROJECT: 'test' });
    const client =
      way === 'stdio'
        ? await mcpOver({ command: process.execPath, args: [program, 'mcp'], env, stderr: 'ignore' })
        : await mcpOver(new URL('/mcp', server.url), await keyOf(db, 'gone-mcp'));
    const path = await heldPath(ann);
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
    const path = await heldPath(ann);
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
    const server = await startServer(db);
    const api_key = await keyOf(db, 'closing');
    const path = await heldPath(ann);
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
    const first = await startServer(db);
    const bob = await connect({ url: first.url, api_key: await keyOf(db, 'patient') });
    const path = await heldPath(ann);
    const waiting = bob.lock(path, { wait_seconds: 30 });
    await untilListening(db, 1);
    await first.close();
    await ann.releaseLock({ paths: [path] });
    await using second = await startServer(db, Number(new URL(first.url).port));
    const lock = await waiting;
    expect([lock.paths, second.url]).toEqual([[path], first.url]);
    await bob.close();
  });
});
