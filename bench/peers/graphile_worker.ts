import { EventEmitter, once } from 'node:events';
import type { Connection } from '../field.ts';
import type { Side } from '../measure.ts';
import type { Peer } from './peer.ts';

/** What is used of the package; it has no types here, as it is installed by the run. */
interface Package {
  Logger: new (factory: () => () => void) => object;
  makeWorkerUtils(options: object): Promise<Utils>;
  run(options: object): Promise<{ stop(): Promise<void> }>;
}

interface Utils {
  addJob(identifier: string, payload: unknown): Promise<unknown>;
  addJobs(jobs: { identifier: string; payload: unknown }[]): Promise<unknown>;
  release(): Promise<void>;
}

interface Pg {
  Pool: new (options: object) => { end(): Promise<void>; on(event: string, listener: () => void): void };
}

const identifier = 'bench';
const chunk = 5000;
/** What workers still finish when a window has ended, in the burst before it and in the window itself. */
const spare = 2 * 32;

/** graphile-worker over its public interface, in schema `graphile_worker`, with its defaults. */
export async function openGraphileWorker(load: NodeJS.Require, connection: Connection): Promise<Peer> {
  await using cleanup = new AsyncDisposableStack();
  const { Logger, makeWorkerUtils, run } = load('graphile-worker') as Package;
  const { Pool } = load('pg') as Pg;
  const { username: user, ...place } = connection;
  // As large as its manual recommends for the most workers; one is kept, so that its connections stay warm.
  const pgPool = new Pool({ ...place, user, max: 34 });
  for (const event of ['error', 'connect']) pgPool.on(event, () => {});
  cleanup.defer(() => pgPool.end());
  const shared = { pgPool, logger: new Logger(() => () => {}) };
  const utils = await makeWorkerUtils(shared);
  cleanup.defer(() => utils.release());
  const submit: Side = { run: () => utils.addJob(identifier, { title: 'Rename the field in every caller' }) };
  const claim: Side = {
    async prepare(runs) {
      for (let left = runs + spare; left > 0; left -= chunk) {
        await utils.addJobs(Array.from({ length: Math.min(left, chunk) }, () => ({ identifier, payload: {} })));
      }
    },
    async drain(runs, workers) {
      const events = new EventEmitter();
      const begun = once(events, 'worker:getJob:start').then(() => performance.now());
      const done = completions(events, runs);
      const taskList = { [identifier]: async () => {} };
      const runner = await run({ ...shared, events, taskList, concurrency: workers, noHandleSignals: true });
      const milliseconds = (await done) - (await begun);
      await runner.stop();
      return milliseconds;
    },
  };
  const moved = cleanup.move();
  return { submit, claim, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** When the last of so many jobs was complete. */
function completions(events: EventEmitter, jobs: number): Promise<number> {
  let left = jobs;
  return new Promise((resolve) => {
    events.on('job:complete', () => {
      if (--left === 0) resolve(performance.now());
    });
  });
}
