import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoordinationError } from '@agentcoord/contract';
import { openDatabase, readConfig } from '@agentcoord/core';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment, freePort, program, run } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { startTcpServer, type TcpServer } from './helpers/tcp_server.ts';
import { Wire } from './helpers/wire.ts';

const cleanup = new AsyncDisposableStack();
let folder: string;
let db: TestDatabase;
let wire: Wire;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coord-outages-'));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  db = cleanup.use(await cloneDatabase());
  wire = cleanup.use(await Wire.before(db));
});
afterAll(() => cleanup.disposeAsync());

/** The lines that people get: what is wrong, and what to do. */
const sentences = /^error: [A-Z].*\.\nhint: [A-Z].*\.\n$/s;

describe('while the database is away at the start', () => {
  test('agentcoord mcp lists its tools, answers unavailable, and works once the database is there', async () => {
    const url = wire.url;
    await wire.cut();
    const env = environment({ DATABASE_URL: url, AGENT_ID: 'early', AGENT_PROJECT: 'early' });
    const client = new Client({ name: 'early', version: '1' });
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env, stderr: 'ignore' }),
    );
    try {
      expect((await client.listTools()).tools.length).toBeGreaterThan(10);
      const call = { name: 'acquire_lock', arguments: { paths: ['early.ts'] } };
      const begun = performance.now();
      const refusal = await client.callTool(call);
      expect(performance.now() - begun).toBeLessThan(5_000);
      expect(refusal).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('"unavailable"') }] });
      await wire.mend();
      expect(await client.callTool(call)).toMatchObject({ structuredContent: { acquired: true } });
    } finally {
      await client.close();
      await wire.mend();
    }
  });

  test.each([
    ['nobody listens', async () => `postgres://ann:geheim@127.0.0.1:${await freePort()}/coord`],
    ['the host does not exist', async () => 'postgres://ann:geheim@no-such-host.invalid/coord'],
  ])('a command says so in a sentence without the password, exit 75: %s', async (_, url) => {
    const { code, stdout, stderr } = await run(['board'], { DATABASE_URL: await url() });
    expect([code, stdout]).toEqual([75, '']);
    expect(stderr).toMatch(sentences);
    expect(stderr).not.toContain('geheim');
  });

  test('opening the database in process is refused as unavailable, without the password', async () => {
    const DATABASE_URL = `postgres://ann:geheim@127.0.0.1:${await freePort()}/coord`;
    const refusal = await openDatabase(readConfig({ DATABASE_URL })).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CoordinationError);
    expect(refusal).toMatchObject({ code: 'unavailable', retryable: true });
    expect(JSON.stringify(refusal)).not.toContain('geheim');
  });
});

describe('a password that is wrong', () => {
  let server: TcpServer | undefined;

  beforeAll(async () => {
    server = await startTcpServer();
  });
  afterAll(() => server?.stop());

  test.each(['board', 'up', 'doctor'])(
    'is told by `agentcoord %s` in a sentence that does not repeat it',
    async (command) => {
      const url = new URL(String(server?.url));
      url.password = 'geheim';
      const AGENTCOORD_PORT = String(await freePort());
      const variables = { DATABASE_URL: url.href, AGENTCOORD_PORT, AGENTCOORD_HOME: join(folder, 'home') };
      const { code, stdout, stderr } = await run([command], variables);
      expect(code).toBeGreaterThan(0);
      expect(stdout + stderr).toMatch(/password|log in|refuse/i);
      expect(stdout + stderr).not.toContain('geheim');
      if (command !== 'doctor') expect(stderr).toMatch(sentences);
    },
  );
});

describe('agentcoord up', () => {
  test('says that its port is taken and how to use another, exit 5', async () => {
    const other = createServer((_, response) => response.end('somebody else'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const variables = { DATABASE_URL: db.url, AGENTCOORD_PORT: String(port), AGENTCOORD_HOME: join(folder, 'port') };
    const { code, stderr } = await run(['up'], variables);
    other.close();
    expect(code).toBe(5);
    expect(stderr).toMatch(sentences);
    expect(stderr).toContain(`Port ${port}`);
    expect(stderr).toContain('AGENTCOORD_PORT');
  });

  test.each(['up', 'board', 'status'])('%s says that its home cannot be used', async (command) => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const home = join(file, 'home');
    const { code, stdout, stderr } = await run([command], {
      AGENTCOORD_HOME: home,
      AGENTCOORD_PORT: String(await freePort()),
    });
    expect([code > 0, stdout]).toEqual([true, '']);
    expect(stderr).toMatch(sentences);
    expect(stderr).toContain(home);
    expect(stderr).toMatch(/AGENTCOORD_HOME/);
  });

  test.each([
    [{ AGENTCOORD_PORT: 'many' }, 'AGENTCOORD_PORT'],
    [{ AGENTCOORD_PORT: '70000' }, 'AGENTCOORD_PORT'],
    [{ DATABASE_URL: 'mysql://ann:geheim@localhost/coord' }, 'DATABASE_URL'],
    [{ SUPABASE_URL: 'https://example.supabase.co' }, 'SUPABASE_SECRET_KEY'],
    [{ AGENTCOORD_TOOLSETS: 'everything' }, 'everything'],
    [{ AGENTCOORD_FALLBACK: 'perhaps' }, 'AGENTCOORD_FALLBACK'],
  ])('does not start with %o, exit 2', async (variables, named) => {
    const { code, stderr } = await run(['up'], { AGENTCOORD_HOME: join(folder, 'never'), ...variables });
    expect(code).toBe(2);
    expect(stderr).toContain(named);
    expect(stderr).toMatch(/^error: .+\nhint: .+\n$/s);
    expect(stderr).not.toContain('geheim');
  });
});
