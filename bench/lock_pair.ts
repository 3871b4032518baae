import type { Field } from './field.ts';
import type { Runner } from './measure.ts';

/** Taking and releasing a lock on a file of the worker's own, below that folder. */
export function lockPair({ coordinators }: Field, folder = 'src/events'): Runner {
  return {
    async run(worker: number): Promise<void> {
      const coordinator = coordinators[worker] as (typeof coordinators)[number];
      const paths = [`${folder}/${worker}.ts`];
      await coordinator.acquireLock({ paths });
      await coordinator.releaseLock({ paths });
    },
  };
}

/** Does so many runs with so many workers; the milliseconds it took. */
export async function runAll(side: Runner, runs: number, workers: number): Promise<number> {
  let started = 0;
  const worker = async (index: number) => {
    while (started++ < runs) await side.run(index);
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: workers }, (_, index) => worker(index)));
  return performance.now() - begun;
}
