import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { keyOf, startServer } from './helpers/http_process.ts';

vi.setConfig({ testTimeout: 30_000 });

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const here = () => ({ DATABASE_URL: db.url });

test('a project that nobody knows is not read, and not made by looking', async () => {
  const { code, stderr } = await run(['locks', '--project', 'nosuch'], here());
  expect([code, stderr]).toEqual([
    4,
    expect.stringMatching(/^error: There is no project nosuch\.\nhint: .*projects list/),
  ]);
  expect(await db.sql`select from coord.projects where name = 'nosuch'`).toHaveLength(0);
});

test('a project that a lock makes is said to be new, once', async () => {
  const first = await run(['lock', 'acquire', 'a.ts', '--project', 'nosuhc'], here());
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('nosuhc is a new project')]);
  const second = await run(['lock', 'release', 'a.ts', '--project', 'nosuhc'], here());
  expect(second.stderr).not.toContain('new project');
  expect((await run(['locks', '--project', 'nosuhc'], here())).code).toBe(0);
});

test('with a key, status and doctor say of which project it is, and that it is another one than the folder', async () => {
  await using server = await startServer(db);
  const key = await keyOf(db, 'elsewhere');
  const variables = { AGENTCOORD_URL: server.url, AGENTCOORD_API_KEY: key };
  const { stdout } = await run(['status', '--json'], variables);
  expect(JSON.parse(stdout)).toMatchObject({ project: 'test' });
  const { stdout: examined } = await run(['doctor'], variables);
  expect(examined).toMatch(/project +test, that of the API key/);
});

test('up says that its port is taken before it starts anything', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { code, stderr } = await run(['up'], { ...here(), AGENTCOORD_PORT: String(port) });
  expect([code, stderr]).toEqual([5, expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`)]);
  taken.close();
});
