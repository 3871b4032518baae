import { coordinatorOver, type Invoker } from '@agentcoord/contract';
import { connect } from '@agentcoord/sdk';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Door } from './doors/door.ts';
import { doors } from './doors/index.ts';
import { run } from './helpers/agentcoord.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { keyOf, startServer } from './helpers/http_process.ts';
import { heldPath, median, timed, untilListening } from './helpers/waiting.ts';

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

const acquire = (invoker: Invoker, path: string, wait_seconds: number) =>
  coordinatorOver(invoker).acquireLock({ paths: [path], wait_seconds });

describe.each(doors)('$name', (door: Door) => {
  test.skipIf(door.missing)('waits for a lock, and gets it when it is released elsewhere', async () => {
    await using open = await door.open(db);
    const bob = await open.enter({ agent: `bob-${++paths}`, project: 'test', trust: door.trusts[0] ?? 2 });
    const path = await heldPath(ann);
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
    await using server = await startServer(db);
    await using processes = await stdio.open(db);
    const agents = {
      'MCP on stdio': await processes.enter({ agent: `eve-${++paths}`, project: 'test', trust: 2 }),
      'over HTTP': await connect({ url: server.url, api_key: await keyOf(db, `fay-${++paths}`) }),
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

describe('the SDK', () => {
  test('waits on when the connection is lost, and is granted what a lost answer had granted', async () => {
    await using server = await startServer(db);
    await using bob = await connect({ url: server.url, api_key: await keyOf(db, 'cut') });
    const path = await heldPath(ann);
    const waiting = bob.coordinator.acquireLock({ paths: [path], wait_seconds: 30 });
    await untilListening(db, 1);
    server.app.server.closeAllConnections();
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.app.server.closeAllConnections();
    await ann.releaseLock({ paths: [path] });
    expect(await waiting).toMatchObject({ acquired: true });
  });

  test('is told at once that nobody is there', async () => {
    const server = await startServer(db);
    const bob = await connect({ url: server.url, api_key: await keyOf(db, 'nobody') });
    await server.close();
    const { answer, seconds } = await timed(bob.lock('a.ts', { wait_seconds: 30 }).catch((error: unknown) => error));
    expect(answer).toMatchObject({ code: 'unavailable' });
    expect(seconds).toBeLessThan(5);
    await bob.close();
  });

  test('holds what it has waited for longer than it lasts', async () => {
    await using server = await startServer(db);
    await using bob = await connect({ url: server.url, api_key: await keyOf(db, 'late') });
    const path = await heldPath(ann);
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
