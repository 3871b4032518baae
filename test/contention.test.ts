import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment, program, run, startUp } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { lapse } from './helpers/past.ts';

interface Answer {
  acquired: boolean;
  blocked_by?: { agent: string; reason: string | null; expires_at: string }[];
}

/** One who wants the lock: a model behind an MCP client, or a shell. */
interface Contender {
  name: string;
  acquire(path: string, reason: string): Promise<Answer>;
  pid?: number;
}

const project = 'github.com/acme/contention';
const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let contenders: Contender[];

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  const home = mkdtempSync(join(tmpdir(), 'coord-contention-'));
  cleanup.defer(() => rmSync(home, { recursive: true, force: true }));
  const variables = { DATABASE_URL: db.url, AGENTCOORD_HOME: home, AGENT_PROJECT: project };
  const { url } = cleanup.use(await startUp(variables));
  const { api_key } = await (await db.session('root', { project, trust: 4 })).createKey({ agent: 'curl' });
  contenders = [await mcpClient('ann', variables), await mcpClient('bob', variables), curl(url, api_key)];
});
afterAll(() => cleanup.disposeAsync());

/** `agentcoord mcp` behind a client that nobody here wrote. */
async function mcpClient(name: string, variables: Record<string, string>): Promise<Contender> {
  const env = environment({ ...variables, AGENT_ID: name });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, 'mcp'],
    env,
    stderr: 'ignore',
  });
  const client = new Client({ name, version: '1' });
  await client.connect(transport);
  cleanup.defer(() => client.close());
  return {
    name,
    pid: Number(transport.pid),
    async acquire(path, reason) {
      const call = { name: 'acquire_lock', arguments: { paths: [path], reason, ttl_seconds: 3600 } };
      return (await client.callTool(call)).structuredContent as unknown as Answer;
    },
  };
}

function curl(url: string, key: string): Contender {
  return {
    name: 'curl',
    async acquire(path, reason) {
      const body = JSON.stringify({ paths: [path], reason, ttl_seconds: 3600 });
      const headers = [`Authorization: Bearer ${key}`, 'Content-Type: application/json'].flatMap((line) => [
        '-H',
        line,
      ]);
      const { stdout } = await run(['-sS', ...headers, '-d', body, `${url}/v1/locks/acquire`], {}, 'curl');
      return JSON.parse(stdout);
    },
  };
}

const acquireAll = (path: string, some = contenders) =>
  Promise.all(some.map(({ name, acquire }) => acquire(path, `${name} edits it`)));

test('of two MCP processes and a curl one holds the lock, and the others are told who, why and until when', async () => {
  for (let round = 0; round < 5; round++) {
    const answers = await acquireAll(`src/round-${round}.ts`);
    const winners = contenders.filter((_, index) => answers[index]?.acquired);
    expect(winners).toHaveLength(1);
    const [{ name }] = winners as [Contender];
    for (const { acquired, blocked_by } of answers) {
      if (acquired) continue;
      expect(blocked_by).toMatchObject([{ agent: name, reason: `${name} edits it` }]);
      const left = Date.parse(String(blocked_by?.[0]?.expires_at)) - Date.now();
      expect(left).toBeGreaterThan(3_500_000);
      expect(left).toBeLessThanOrEqual(3_600_000);
    }
  }
});

test('once the process of the holder is killed, its lock is free within its lease of 60 s', async () => {
  const [ann, ...others] = contenders as [Contender, ...Contender[]];
  const path = 'src/killed.ts';
  expect(await ann.acquire(path, 'about to die')).toMatchObject({ acquired: true });
  process.kill(Number(ann.pid), 'SIGKILL');
  const [refusal] = await acquireAll(path, others);
  expect(refusal?.blocked_by).toMatchObject([{ agent: 'ann' }]);
  const [row] = await db.sql<{ session_id: string; seconds: number }[]>`
    select s.session_id, extract(epoch from s.lease_expires_at - clock_timestamp())::float as seconds
    from coord.sessions s join coord.locks l on l.session_id = s.session_id where l.path = ${path}`;
  expect(row?.seconds).toBeGreaterThan(0);
  expect(row?.seconds).toBeLessThanOrEqual(60);

  // As if the lease had passed: nobody renews it any more.
  await lapse(db, { session_id: String(row?.session_id) });
  const answers = await acquireAll(path, others);
  expect(answers.filter(({ acquired }) => acquired)).toHaveLength(1);
});

test('a process whose client goes in order frees its lock at once', async () => {
  const variables = { DATABASE_URL: db.url, AGENT_PROJECT: project };
  const path = 'src/left.ts';
  const env = environment({ ...variables, AGENT_ID: 'cid' });
  const client = new Client({ name: 'cid', version: '1' });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env, stderr: 'ignore' }),
  );
  await client.callTool({ name: 'acquire_lock', arguments: { paths: [path] } });
  await client.close();
  expect(await contenders[1]?.acquire(path, 'next')).toMatchObject({ acquired: true });
});
