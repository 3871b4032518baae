import type { Group } from '../group.ts';
import { openGraphileWorker } from '../peers/graphile_worker.ts';
import { requirePeers } from '../peers/install.ts';
import { callSide, workSide } from '../queue.ts';
import { claimRows, onFreshField, submitRows } from './peer.ts';

/** The same queue work by graphile-worker. */
export const graphileWorker: Group = {
  name: 'graphile-worker',
  async measure(ground, plan) {
    const load = await requirePeers(plan.signal);
    const open = openGraphileWorker.bind(undefined, load);
    const submitted = await onFreshField(ground, open, (field, peer) =>
      submitRows(field, peer, 'graphile-worker', plan, {
        1: { excellent: 1.5, floor: 1 },
        8: { excellent: 3, floor: 1.5 },
        32: { excellent: 4, floor: 2 },
      }),
    );
    const rows = [...submitted];
    for (const [name, side] of [['a call each', callSide] as const, ['session.work', workSide] as const]) {
      const claimed = await onFreshField(ground, open, (field, peer) => {
        const ours = { name: `claim + complete, ${name} / graphile-worker`, ours: side(field), waiting: 100 };
        return claimRows(field, peer, ours, plan, {
          1: { excellent: 0.9, floor: 0.7 },
          8: { excellent: 1.2, floor: 0.7 },
          32: { excellent: 1, floor: 0.7 },
        });
      });
      rows.push(...claimed);
    }
    return rows;
  },
};
