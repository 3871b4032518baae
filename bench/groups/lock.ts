import type { Ground } from '../ground.ts';
import type { Group } from '../group.ts';
import { rowsOf } from '../group.ts';
import { type Contest, race } from '../measure.ts';
import { rowOf } from '../row.ts';

/** Taking and releasing a lock on a file that nobody else wants. */
export const lock: Group = {
  name: 'lock',
  async measure(ground, plan) {
    const series = await race(contestOn(ground), plan);
    return [
      ...rowsOf('lock pair / raw', series, {
        1: { excellent: 0.85, floor: 0.7 },
        8: { excellent: 0.7, floor: 0.5 },
        32: { excellent: 0.65, floor: 0.5 },
      }),
      rowOf(
        { name: 'lock scaling, 32 / 1', unit: '/s' },
        { excellent: 2.5, floor: 1.8 },
        { ours: series[32].ours, other: series[1].ours },
      ),
    ];
  },
};

function contestOn({ sql, coordinators, settle }: Ground): Contest {
  const prepared = { prepare: true };
  return {
    settle,
    ours: {
      async run(worker) {
        const coordinator = coordinators[worker] as (typeof coordinators)[number];
        const paths = [`src/worker/${worker}.ts`];
        await coordinator.acquireLock({ paths });
        await coordinator.releaseLock({ paths });
      },
    },
    other: {
      async run(worker) {
        const [path, holder] = [`src/worker/${worker}.ts`, `worker-${worker}`];
        await sql.unsafe('select raw.acquire($1, $2)', [path, holder], prepared);
        await sql.unsafe('select raw.release($1, $2)', [path, holder], prepared);
      },
    },
  };
}
