import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { CoordinationError } from '@agentcoord/contract';
import postgres from 'postgres';
import type { Part } from './index.ts';

/** Where the locks are, and where the resource is that they protect. */
export interface LockPlan {
  paths: string[];
  resourceUrl: string;
  /** About how many seconds pass until a process is stopped, while it holds something, until its time is over. */
  stopEvery: number;
}

/** What a stopped holder met when it went on: what was tried with the old token, and whether it was let through. */
export interface StaleWrite {
  stale: 'release' | 'write';
  let_through: boolean;
}

type Grant = { path: string; token: number };

/** Takes and gives back locks, writes while it holds them, and now and then is stopped past its TTL and writes then. */
export async function holdLocks(part: Part): Promise<void> {
  const { signal, dice, orders, coordinator } = part;
  const { paths: all, resourceUrl, stopEvery } = orders.plan as unknown as LockPlan;
  const resource = postgres(resourceUrl, { max: 1, fetch_types: false, onnotice: () => {} });
  let nextStop = performance.now() + 1000 * stopEvery * dice.fraction();
  while (!signal.aborted) {
    const paths = dice.chance(0.2) ? [dice.pick(all), dice.pick(all)] : [dice.pick(all)];
    const ttl_seconds = dice.between(1, 2);
    const shared = dice.chance(0.1);
    const wait_seconds = dice.chance(0.03) ? 1 : 0;
    try {
      const { acquired, locks = [] } = await coordinator.acquireLock({ paths, ttl_seconds, shared, wait_seconds });
      if (!acquired) continue;
      for (const grant of locks) await writeTo(resource, grant);
      if (performance.now() > nextStop) {
        await stopPast(part, ttl_seconds, locks, resource);
        nextStop = performance.now() + 1000 * stopEvery * (0.5 + dice.fraction());
      } else if (!dice.chance(0.02)) await release(part, locks);
    } catch (error) {
      if (!(error instanceof CoordinationError)) throw error;
      await pause(20);
    }
  }
  await resource.end({ timeout: 1 });
}

function release({ coordinator }: Part, locks: Grant[]) {
  return coordinator.releaseLock({ paths: locks.map(({ path }) => path), tokens: locks.map(({ token }) => token) });
}

async function writeTo(resource: postgres.Sql, { path, token }: Grant): Promise<boolean> {
  const [row] = await resource<{ taken: boolean }[]>`select faults.write(${path}, ${token}) as taken`;
  return row?.taken === true;
}

/** Is stopped by the proof, which lets it go on some time after the TTL. */
async function stopPast(part: Part, ttl_seconds: number, locks: Grant[], resource: postgres.Sql): Promise<void> {
  // The proof does it: a signal to itself makes Node write its compile cache first, for seconds.
  const goesOn = once(process, 'message');
  await part.tell({ stop_for_seconds: ttl_seconds });
  await goesOn;
  for (const grant of locks) {
    const [newer] = await resource`select from faults.resources where path = ${grant.path} and token > ${grant.token}`;
    const let_through = await writeTo(resource, grant);
    // Nobody else has written: then an old token is as good as a new one.
    if (newer) await part.tell({ stale: 'write', let_through } satisfies StaleWrite);
  }
  const { released_paths } = await release(part, locks);
  await part.tell({ stale: 'release', let_through: released_paths.length > 0 } satisfies StaleWrite);
}
