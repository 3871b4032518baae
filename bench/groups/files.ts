import type { Coordinator } from '@agentcoord/contract';
import type { Field } from '../field.ts';
import { type Group, rowsOf, sameFor } from '../group.ts';
import { race, type Side } from '../measure.ts';

/** Files locked and released ten a call, against one a call. */
export const files: Group = {
  name: 'files',
  async measure(ground, plan) {
    const [ours, other] = [pairsOf(ground, 10), pairsOf(ground, 1)];
    const series = await race({ settle: ground.settle, ours, other }, plan);
    return rowsOf('files in lock pairs of 10 / of 1', series, sameFor({ excellent: 5, floor: 3 }));
  },
};

function pairsOf({ coordinators }: Field, times: number): Side {
  return {
    times,
    async run(worker) {
      const coordinator = coordinators[worker] as Coordinator;
      const paths = Array.from({ length: times }, (_, file) => `src/of-${times}/${worker}/${file}.ts`);
      await coordinator.acquireLock({ paths });
      await coordinator.releaseLock({ paths });
    },
  };
}
