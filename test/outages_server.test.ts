import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoordinationError, type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { type Database, localTransport, openDatabase, readConfig, stopServer } from '@agentcoord/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureServer } from '../packages/core/src/embedded/index.ts';
import { newHome, removeHomes } from './embedded/homes.ts';
import { freePort } from './helpers/agentcoord.ts';

const home = newHome();
let cluster: string;
let database: Database;
let ann: Coordinator;
let files = 0;

beforeAll(async () => {
  database = await openDatabase(readConfig({ AGENTCOORD_HOME: home }));
  cluster = (await ensureServer(home)).cluster;
  const caller = { agent: 'ann', agent_type: 'test', trust: 2, label: 'outage' };
  ann = coordinatorOver(localTransport(database, 'outage', caller));
});

afterAll(async () => {
  await database?.close();
  await removeHomes();
});

const acquire = () => ann.acquireLock({ paths: [`file-${++files}.ts`], ttl_seconds: 3600 });

async function untilItAnswers(call: () => Promise<unknown> = acquire): Promise<void> {
  const deadline = Date.now() + 25_000;
  for (;;) {
    const answer = (await call().catch((error: unknown) => error)) as object | CoordinationError;
    if (!(answer instanceof CoordinationError)) return;
    expect(answer.code).toBe('unavailable');
    expect(Date.now()).toBeLessThan(deadline);
  }
}

test('calls that meet a server killed with SIGKILL are unavailable, what was answered is kept, and the next work', async () => {
  for (let round = 0; round < 2; round++) {
    await untilItAnswers();
    const answered: string[] = [];
    const calls = Array.from({ length: 40 }, async (_, index) => {
      if (index === 20)
        process.kill(Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
      const begun = performance.now();
      const answer = await acquire().catch((error: unknown) => error);
      expect(performance.now() - begun).toBeLessThan(5_000);
      if (answer instanceof Error) expect(answer).toMatchObject({ code: 'unavailable' });
      else answered.push(...((answer as Awaited<ReturnType<typeof acquire>>).locks ?? []).map(({ path }) => path));
    });
    await Promise.all(calls);
    await untilItAnswers();
    const { locks } = await ann.checkLocks({ limit: 1000 });
    expect(locks.map(({ path }) => path)).toEqual(expect.arrayContaining(answered));
  }
});

test('a call that waits outlives a server killed with SIGKILL, and gets what is free afterwards', async () => {
  await untilItAnswers();
  await ann.acquireLock({ paths: ['waited.ts'] });
  const caller = { agent: 'bob', agent_type: 'test', trust: 2, label: 'waiter' };
  const bob = coordinatorOver(localTransport(database, 'outage', caller));
  const zoe = coordinatorOver(localTransport(database, 'outage', { ...caller, agent: 'zoe', label: 'onlooker' }));
  const waiting = bob.acquireLock({ paths: ['waited.ts'], wait_seconds: 60 });
  await expect.poll(async () => (await zoe.acquireLock({ paths: ['waited.ts'] })).position).toBe(2);
  process.kill(Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
  await untilItAnswers(() => ann.releaseLock({ paths: ['waited.ts'] }));
  expect(await waiting).toMatchObject({ acquired: true, locks: [{ path: 'waited.ts' }] });
});

test('a server that was stopped on purpose stays stopped, and calls say so until somebody starts it', async () => {
  await untilItAnswers();
  await stopServer(home);
  const begun = performance.now();
  const refusal = await acquire().catch((error: unknown) => error);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect(refusal).toBeInstanceOf(CoordinationError);
  expect(refusal).toMatchObject({ code: 'unavailable', hint: expect.stringMatching(/\w/) });
  await ensureServer(home);
  await untilItAnswers();
});

test('the embedded server stands in for a configured one that is away only when asked by name, and says so', async () => {
  const DATABASE_URL = `postgres://ann@127.0.0.1:${await freePort()}/coord`;
  const away = { DATABASE_URL, AGENTCOORD_HOME: home };
  await expect(openDatabase(readConfig(away))).rejects.toMatchObject({ code: 'unavailable' });
  const fallback = await openDatabase(readConfig({ ...away, AGENTCOORD_FALLBACK: 'embedded' }));
  const caller = { agent: 'bob', agent_type: 'test', trust: 2, label: 'fallback' };
  const bob = coordinatorOver(localTransport(fallback, 'outage', caller));
  expect(await bob.acquireLock({ paths: ['degraded.ts'] })).toMatchObject({ acquired: true, degraded: true });
  await fallback.close();
});
