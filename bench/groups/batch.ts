import type { Coordinator } from '@agentcoord/contract';
import type { Field } from '../field.ts';
import { type Group, rowsOf, sameFor } from '../group.ts';
import { race, type Side } from '../measure.ts';
import { submit } from '../queue.ts';

const size = 50;

/** Tasks that a worker claims in a window: both sides together, an agent has 2,000 at most. */
const mostOfWorker = 900;

/** Tasks claimed fifty a call, against one a call. */
export const batch: Group = {
  name: 'batch',
  async measure(ground, plan) {
    await using field = await ground.openField('batch');
    const [ours, other] = [batchSide(field), singleSide(field)];
    const series = await race({ settle: field.settle, ours, other }, plan);
    return rowsOf('tasks claimed in batches of 50 / one by one', series, sameFor({ excellent: 8, floor: 5 }));
  },
};

function batchSide(field: Field): Side {
  return {
    times: size,
    mostOfWorker: mostOfWorker / size,
    prepare: (runs) => refill(field, runs * size),
    async run(worker) {
      const { claims } = await (field.coordinators[worker] as Coordinator).getWorkBatch({ count: size });
      if (claims.length < size) throw new Error('Our queue ran empty.');
    },
  };
}

function singleSide(field: Field): Side {
  return {
    mostOfWorker,
    prepare: (runs) => refill(field, runs),
    async run(worker) {
      const { claimed } = await (field.coordinators[worker] as Coordinator).getWork();
      if (!claimed) throw new Error('Our queue ran empty.');
    },
  };
}

/** What has been claimed is taken away: nobody holds thousands of claims. Some tasks more than are claimed. */
async function refill(field: Field, tasks: number): Promise<void> {
  await field.sql`delete from coord.tasks where project_id = ${field.projectId} and status = 'claimed'`;
  await submit(field, tasks + 10 * size);
}
