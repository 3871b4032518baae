import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpThroughSdk } from './doors/http.ts';
import { mcpOverStdio } from './doors/mcp_stdio.ts';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { median, timed } from './helpers/waiting.ts';

const agents = 16;

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
const waiters: Coordinator[] = [];

/** Every second one a process of its own that speaks MCP on stdio, the others over HTTP. */
beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  const doors = [await mcpOverStdio.open(db), await httpThroughSdk.open(db)] as const;
  for (const door of doors) cleanup.use(door);
  // One after the other: eight processes that start at once keep two cores busy for longer than calls have time.
  while (waiters.length < agents) {
    const door = doors[waiters.length % doors.length] as (typeof doors)[number];
    waiters.push(coordinatorOver(await door.enter({ agent: `agent-${waiters.length}`, project: 'test', trust: 2 })));
  }
}, 120_000);
afterAll(() => cleanup.disposeAsync());

interface Turn {
  agent: number;
  token: number;
  grantedAt: number;
  releasedAt: number;
}

interface Round {
  /** Milliseconds between a release and the answer to the next in the queue. */
  delays: number[];
  /** Milliseconds that an ordinary call took before anybody waited. */
  call: number;
}

/** Ann holds the lock, all others queue for it one after the other, and she lets go. */
async function round(path: string): Promise<Round> {
  const ann = await db.session('ann');
  const zoe = await db.session('zoe');
  await ann.acquireLock({ paths: [path] });
  const turns: Turn[] = [];
  const calls: number[] = [];
  for (const waiter of waiters) await waiter.checkLocks({ paths: [path] });
  for (const waiter of waiters) calls.push((await timed(waiter.checkLocks({ paths: [path] }))).seconds * 1000);

  const queue = async (waiter: Coordinator, agent: number) => {
    const { acquired, locks } = await waiter.acquireLock({ paths: [path], wait_seconds: 60 });
    const grantedAt = performance.now();
    expect(acquired).toBe(true);
    expect((await waiter.checkLocks({ paths: [path] })).locks).toMatchObject([
      { token: locks?.[0]?.token, mine: true },
    ]);
    await waiter.releaseLock({ paths: [path] });
    turns.push({ agent, token: locks?.[0]?.token ?? 0, grantedAt, releasedAt: performance.now() });
  };

  const queued: Promise<void>[] = [];
  for (const [agent, waiter] of waiters.entries()) {
    queued.push(queue(waiter, agent));
    await expect
      .poll(async () => (await zoe.acquireLock({ paths: [path] })).position, { timeout: 10_000, interval: 10 })
      .toBe(agent + 2);
  }
  await ann.releaseLock({ paths: [path] });
  const released = performance.now();
  await Promise.all(queued);

  // Tokens grow in the order of the grants; answers to different processes may overtake each other.
  turns.sort((a, b) => a.token - b.token);
  expect(turns.map(({ agent }) => agent)).toEqual([...waiters.keys()]);
  const [{ token = 0 } = {}] = turns;
  expect(turns.map((turn) => turn.token)).toEqual(turns.map((_, index) => token + index));
  const delays = turns.map(({ grantedAt }, index) => grantedAt - (turns[index - 1]?.releasedAt ?? released));
  return { delays, call: median(calls) };
}

test('16 agents queue for one lock through MCP and HTTP: served as they came, each woken within 50 ms, in the median', async () => {
  const medians: number[] = [];
  // Three rounds, of which one must be quick, and on a machine where an ordinary call takes over 10 ms the time of five:
  // what else runs here is not the queue's fault.
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { delays, call } = await round(`src/everybody-${attempt}.ts`);
    medians.push(median(delays) / Math.max(1, call / 10));
    const figures = delays.map((delay) => delay.toFixed(0)).join(' ');
    console.log(`woken after (ms): median ${median(delays).toFixed(0)}; ${figures}; a call takes ${call.toFixed(0)}`);
  }
  expect(Math.min(...medians)).toBeLessThanOrEqual(50);
}, 180_000);
