import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment, program } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let root: TestSession;
let port: number;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  root = await db.session('root', { trust: 4 });
  await root.setNetworkRule({ rule: 'loopback', action: 'allow', pattern: '127.0.0.1' });
  const server = createServer((_request, response) => response.end('reached'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  cleanup.defer(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
});
afterAll(() => cleanup.disposeAsync());

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `agentcoord egress`, started as people start it. */
function start(words: string[], variables: Record<string, string> = {}): ChildProcess {
  const env = environment({ DATABASE_URL: db.url, AGENT_PROJECT: 'test', AGENT_ID: 'worker', ...variables });
  return spawn(process.execPath, [program, 'egress', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr] = [child.stdout, child.stderr].map(async (stream) => {
    let text = '';
    for await (const chunk of stream ?? []) text += chunk;
    return text;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, stdout: (await stdout) ?? '', stderr: (await stderr) ?? '' };
}

const behind = (...command: string[]) => ended(start(['--', ...command]));

/** A program that fetches and prints what it got. */
const fetching = (url: string) =>
  `fetch(${JSON.stringify(url)}).then(async (r) => console.log(r.status, await r.text()), (e) => console.log('failed', e.cause?.message))`;

describe('a command behind agentcoord egress', () => {
  test('reaches with curl what a rule allows, and nothing else', async () => {
    const url = `http://127.0.0.1:${port}/`;
    expect(await behind('curl', '-sS', url)).toMatchObject({ code: 0, stdout: 'reached' });
    const { code, stdout, stderr } = await behind('curl', '-sS', '-f', 'http://evil.test/');
    expect([code, stdout]).toEqual([22, '']);
    expect(stderr).toMatch(/agentcoord egress: evil\.test may not be reached\. No rule allows it/);
    expect(await behind('curl', '-sS', 'https://evil.test/')).toMatchObject({ code: 56 });
    const { decisions } = await root.listNetworkDecisions({ agent: 'worker' });
    expect(decisions.map(({ host, allowed, rule }) => ({ host, allowed, rule }))).toEqual(
      expect.arrayContaining([
        { host: '127.0.0.1', allowed: true, rule: 'loopback' },
        { host: 'evil.test', allowed: false, rule: null },
      ]),
    );
  });

  test('reaches with fetch of Node what a rule allows, and nothing else', async () => {
    expect((await behind('node', '-e', fetching(`http://127.0.0.1:${port}/`))).stdout).toBe('200 reached\n');
    expect((await behind('node', '-e', fetching('http://evil.test/'))).stdout).toMatch(/403|failed/);
    expect((await behind('node', '-e', fetching('https://evil.test/'))).stdout).toMatch(/failed|403/);
    expect((await behind('node', '-e', fetching(`http://127.0.0.2:${port}/`))).stdout).toMatch(/403|failed/);
  });

  test('gives its own exit code, and is ended by the signals that the proxy is sent', async () => {
    expect((await behind('node', '-e', 'process.exit(7)')).code).toBe(7);
    expect((await behind('sh', '-c', 'kill -9 $$')).code).toBe(137);
    const child = start(['--', 'node', '-e', 'console.log("ready"); setInterval(() => {}, 1000)']);
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    const done = ended(child);
    child.kill('SIGTERM');
    expect((await done).code).toBe(143);
  });

  test('that does not exist is named, with what to type', async () => {
    const { code, stderr } = await behind('no-such-program');
    expect(code).toBe(4);
    expect(stderr).toMatch(/no-such-program cannot be started/);
  });

  test('finds no exception that was made before', async () => {
    const child = start(['--', 'node', '-p', 'JSON.stringify([process.env.NO_PROXY, process.env.no_proxy])'], {
      NO_PROXY: '*',
      no_proxy: 'evil.test',
    });
    expect(JSON.parse((await ended(child)).stdout)).toEqual(['', '']);
  });
});

test('without a command it prints what to set, serves until it is ended, and ends cleanly', async () => {
  const child = start(['--json']);
  const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
  const { url, variables } = JSON.parse(line.toString());
  expect(variables).toMatchObject({ HTTPS_PROXY: url, https_proxy: url, NODE_USE_ENV_PROXY: '1' });
  const curl = spawn('curl', ['-sS', '-x', url, `http://127.0.0.1:${port}/`], { stdio: ['ignore', 'pipe', 'pipe'] });
  expect((await ended(curl)).stdout).toBe('reached');
  const done = ended(child);
  child.kill('SIGTERM');
  expect(await done).toMatchObject({ code: 0, stderr: expect.stringMatching(/^The proxy runs until .*\n$/) });
});

test('nothing runs when the coordinator is away', async () => {
  const { code, stdout } = await ended(
    start(['--', 'echo', 'ran'], { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }),
  );
  expect([code, stdout]).toEqual([75, '']);
});
