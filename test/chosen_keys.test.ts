import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startUp } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { tablesWith } from './helpers/tables_with.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let home: string;

beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  home = await mkdtemp(join(tmpdir(), 'coord-chosen-'));
  cleanup.defer(() => rm(home, { recursive: true, force: true }));
});
afterAll(() => cleanup.disposeAsync());

const key = 'chosen-by-people-long-ago';

async function serve(keys: string) {
  const variables = { DATABASE_URL: db.url, AGENTCOORD_HOME: home, AGENT_PROJECT: 'test' };
  const up = await startUp({ ...variables, COORDINATION_API_KEYS: keys });
  let said = '';
  up.child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const profile = async (bearer: string) => {
    const response = await fetch(`${up.url}/v1/profile`, { headers: { authorization: `Bearer ${bearer}` } });
    return [response.status, ((await response.json()) as { agent?: string }).agent];
  };
  return { profile, said: () => said, [Symbol.asyncDispose]: () => up[Symbol.asyncDispose]() };
}

test('a server accepts the keys of COORDINATION_API_KEYS, as they are, and nothing keeps or prints them', async () => {
  {
    await using server = await serve(`${key}-1,ann:${key}-2,\${UNSET_IN_THE_HOST}`);
    expect(await server.profile(`${key}-1`)).toEqual([200, expect.stringMatching(/^cloud-[0-9a-f]{4}$/)]);
    expect(await server.profile(`${key}-2`)).toEqual([200, 'ann']);
    expect(await server.profile(`${key}-3`)).toEqual([401, undefined]);
    expect(server.said()).not.toContain(key);
    expect(await tablesWith(db, key)).toEqual([]);
  }
  const root = await db.session('root', { trust: 4 });
  const { keys } = await root.listKeys();
  const ann = keys.find(({ agent }) => agent === 'ann');
  await root.revokeKey({ key_id: String(ann?.key_id) });
  await using again = await serve(`ann:${key}-2`);
  expect(await again.profile(`${key}-2`)).toEqual([401, undefined]);
  // Known still, though it is not listed any more.
  expect(await again.profile(`${key}-1`)).toEqual([200, expect.stringMatching(/^cloud-/)]);
});
