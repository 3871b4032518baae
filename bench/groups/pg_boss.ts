import { type Group, sameFor } from '../group.ts';
import { requirePeers } from '../peers/install.ts';
import { openPgBoss } from '../peers/pg_boss.ts';
import { callSide } from '../queue.ts';
import type { Target } from '../row.ts';
import { claimRows, onFreshField, submitRows } from './peer.ts';

/** The same queue work by pg-boss: the newest, and for claims also the one that the targets were set against. */
export const pgBoss: Group = {
  name: 'pg-boss',
  async measure(ground, plan) {
    const load = await requirePeers(plan.signal);
    const newest = openPgBoss.bind(undefined, load, 'pg-boss');
    const older = openPgBoss.bind(undefined, load, 'pg-boss-12.15');
    const rows = await onFreshField(ground, newest, (field, peer) =>
      submitRows(field, peer, 'pg-boss', plan, sameFor({ excellent: 1.5, floor: 1 })),
    );
    for (const [name, open] of [['pg-boss', newest] as const, ['pg-boss 12.15', older] as const]) {
      const shallow = { name: `claim + complete / ${name}`, waiting: 100, most: 2500 };
      const deep = { name: `claim + complete / ${name}, 20,000 deep`, waiting: 20_000 };
      const claim = (depth: typeof deep, target: Target) =>
        onFreshField(ground, open, (field, peer) =>
          claimRows(field, peer, { ...depth, ours: callSide(field) }, plan, sameFor(target)),
        );
      rows.push(...(await claim(shallow, { excellent: 3, floor: 2 })));
      rows.push(...(await claim(deep, { excellent: 10, floor: 5 })));
    }
    return rows;
  },
};
