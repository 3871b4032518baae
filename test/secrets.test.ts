import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment, freePort, program, run, startUp, type Up } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { tablesWith } from './helpers/tables_with.ts';

/** Each is worth something to whoever finds it. */
const canary = {
  password: 'canary-password-5d1f0a',
  webhookSecret: 'canary-webhook-secret-77aa01',
  webhookPath: 'canary-webhook-path-19cc42',
  jwtSecret: 'canary-jwt-secret-0123456789abcdef-3e55',
  supabase: 'sb_secret_canary_a8812f5e',
  bootstrap: 'canary-bootstrap-key-41d0ce',
  github: 'ghp_canary_77120934',
  mistyped: `ac_abcdefghij99_${'9d'.repeat(32)}00000000`,
};

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let server: Up;
let home: string;
let apiKey: string;
/** Whatever processes and servers have said, by who said it. */
const said: [who: string, text: string][] = [];

const secrets = () => Object.entries({ ...canary, apiKey, keySecret: apiKey.slice(16, 80) });

function expectNoSecretIn(where: string, text: string): void {
  for (const [what, secret] of secrets()) expect(text.includes(secret), `${what} in ${where}`).toBe(false);
}

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  home = await mkdtemp(join(tmpdir(), 'coord-canary-'));
  cleanup.defer(() => rmSync(home, { recursive: true, force: true }));
  apiKey = (await (await db.session('root', { trust: 4 })).createKey({ agent: 'canary', trust: 4 })).api_key;
  server = cleanup.use(await startUp(await variablesOf()));
  for (const stream of [server.child.stdout, server.child.stderr])
    stream?.on('data', (chunk) => hear('up', `${chunk}`));
});
afterAll(() => cleanup.disposeAsync());

const hear = (who: string, text: string) => void said.push([who, text]);

/** With a password, where the server does not ask for one. */
function withPassword(url: string): string {
  return process.env.TEST_DATABASE_URL ? url : Object.assign(new URL(url), { password: canary.password }).href;
}

/** A receiver that takes no webhook, and says so with what it was sent. */
async function variablesOf(): Promise<Record<string, string>> {
  const receiver = createServer((request, response) => response.writeHead(500).end(request.url));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  cleanup.defer(() => void receiver.close());
  const { port } = receiver.address() as AddressInfo;
  return {
    DATABASE_URL: withPassword(db.url),
    AGENTCOORD_HOME: home,
    AGENT_PROJECT: 'test',
    AGENTCOORD_WEBHOOK_URL: `http://127.0.0.1:${port}/${canary.webhookPath}?key=${canary.webhookPath}`,
    AGENTCOORD_WEBHOOK_SECRET: canary.webhookSecret,
    AGENTCOORD_PUBLIC_URL: 'http://127.0.0.1:8787',
    AGENTCOORD_JWT_SECRET: canary.jwtSecret,
    COORDINATION_API_KEYS: `ann:${canary.bootstrap}`,
    SUPABASE_SECRET_KEY: canary.supabase,
    GITHUB_TOKEN: canary.github,
  };
}

/** What a request was answered; that it names what it was sent is no secret to its sender, but the key is. */
async function ask(path: string, init: RequestInit = {}, key = apiKey): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers };
  const response = await fetch(server.url + path, { ...init, headers });
  return `${JSON.stringify([...response.headers])} ${await response.text()}`;
}

const post = (body: string): RequestInit => ({ method: 'POST', body });

describe('secrets of a server that is asked for errors', () => {
  test('stand in no answer over HTTP and MCP over HTTP, and in no journal row', async () => {
    const answers = [
      await ask('/v1/board', {}, canary.mistyped),
      await ask('/v1/board', {}, `${apiKey.slice(0, -1)}x`),
      await ask('/v1/locks/acquire', post('{"paths":["../x"]}')),
      await ask('/v1/locks/acquire', post('{"pa')),
      await ask('/v1/tasks/x', {}),
      await ask('/v1/board', {}, canary.bootstrap),
      await ask('/v1/tasks/x', {}, canary.bootstrap),
      await ask('/v1/board', {}, `${canary.bootstrap}x`),
      await ask('/v1/keys', post('{"agent":"x","trust":9}')),
      await ask('/v1/project/read-tokens', post('{"expires_in_minutes":-1}')),
      await ask('/v1/board', { headers: { 'agentcoord-session': 'x' } }),
      await ask('/v1/board', { headers: { 'idempotency-key': 'a b' } }),
      await ask('/mcp', post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}')),
      await ask('/mcp', post('[]')),
      await ask('/openapi.json'),
      await ask('/readyz'),
    ];
    for (const answer of answers) expectNoSecretIn('an answer', answer);
  });

  test('are not repeated when somebody puts a key where it does not belong', async () => {
    for (const place of [`/v1/${apiKey}`, `/v1/board?api_key=${apiKey}`, `/a/${apiKey}`, `/${canary.mistyped}/x`]) {
      expectNoSecretIn(`the answer to ${place}`, await ask(place));
    }
    await ask('/v1/tasks', { headers: { 'x-api-key': apiKey, cookie: apiKey } });
  });

  test('stand nowhere after the database has gone under calls, and after a function was gone', async () => {
    await db.sql.unsafe('alter function coord.get_task_board rename to gone_board');
    const broken = await ask('/v1/board');
    expect(broken).toContain('42883');
    await db.sql.unsafe('alter function coord.gone_board rename to get_task_board');
    const waiting = ask('/v1/tasks/claim', post('{"wait_seconds":2}'));
    await db.sql`
      select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    for (const answer of [broken, await waiting, await ask('/v1/board'), await ask('/v1/board')]) {
      expectNoSecretIn('an answer', answer);
    }
  });

  test('stand in no log and no table while a webhook fails', async () => {
    await ask('/v1/approvals', post('{"action_type":"canary","description":"x"}'));
    await expect
      .poll(async () => (await db.sql`select last_error from coord.approval_webhooks where attempts > 0`).length, {
        timeout: 15_000,
      })
      .toBe(1);
  });

  test('stand in nothing that the command says, whatever it is told and whoever is away', async () => {
    const base = { AGENTCOORD_HOME: home, AGENT_PROJECT: 'test' };
    const away = `127.0.0.1:${await freePort()}`;
    const there = await variablesOf();
    const nowhere: Record<string, string>[] = [
      { ...base, DATABASE_URL: `postgres://ann:${canary.password}@${away}/coord` },
      { ...base, DATABASE_URL: `postgres//ann:${canary.password}@${away}/coord` },
      { ...base, SUPABASE_URL: `http://${away}`, SUPABASE_SECRET_KEY: canary.supabase },
      { ...base, SUPABASE_URL: server.url, SUPABASE_SECRET_KEY: canary.supabase },
      { ...base, AGENTCOORD_URL: `http://${away}`, AGENTCOORD_API_KEY: apiKey },
      { ...base, AGENTCOORD_URL: server.url, AGENTCOORD_API_KEY: canary.mistyped },
      { ...base, AGENTCOORD_URL: server.url, AGENTCOORD_API_KEY: `${apiKey}\u00fc` },
      { ...there, AGENTCOORD_PORT: canary.password, AGENTCOORD_JWT_SECRET: canary.jwtSecret.slice(0, 20) },
    ];
    for (const variables of [there, ...nowhere]) {
      for (const words of [['board'], ['status'], ['doctor'], ['lock', 'acquire', '../x']]) {
        const { stdout, stderr } = await run(words, variables);
        hear(words.join(' '), stdout + stderr);
      }
    }
  }, 120_000);

  test('stand in nothing that an MCP server on stdio says', async () => {
    const child = spawn(process.execPath, [program, 'mcp'], { env: environment(await variablesOf()) });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => hear('mcp', `${chunk}`));
    const client = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    const call = (id: number, name: string, args: unknown) =>
      child.stdin.write(
        `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })}\n`,
      );
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: client })}\n`);
    call(1, 'acquire_lock', { paths: ['../x'] });
    call(2, 'no_such_tool', {});
    call(3, 'create_read_token', { expires_in_minutes: 0 });
    child.stdin.write('no JSON\n');
    call(4, 'check_locks', {});
    await expect
      .poll(() => said.some(([who, text]) => who === 'mcp' && text.includes('"id":4')), { timeout: 20_000 })
      .toBe(true);
    child.stdin.end();
    await once(child, 'exit');
  });
});

describe('afterwards no secret is found', () => {
  test('in what the processes have said', () => {
    expect(new Set(said.map(([who]) => who)).size).toBeGreaterThan(4);
    const whole = Map.groupBy(said, ([who]) => who);
    for (const [who, texts] of whole) expectNoSecretIn(who, texts.map(([, text]) => text).join(''));
  });

  test('in any table', async () => {
    for (const [what, secret] of secrets()) expect([what, await tablesWith(db, secret)]).toEqual([what, []]);
  });

  test('in the list of processes', () => {
    expectNoSecretIn('ps', execFileSync('ps', ['-eo', 'args'], { maxBuffer: 10_000_000 }).toString());
  });

  test('in files that others may read', () => {
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const entry of files) {
      const file = join(entry.parentPath, entry.name);
      if ((statSync(file).mode & 0o077) !== 0) expectNoSecretIn(file, readFileSync(file, 'latin1'));
    }
  });
});
