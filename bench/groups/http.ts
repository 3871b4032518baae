import { coordinatorOver } from '@agentcoord/contract';
import { invoke } from '@agentcoord/core';
import { openDoor } from '../door.ts';
import { type Group, rowsOf } from '../group.ts';
import { race, type Side } from '../measure.ts';

/** A lock pair through our HTTP server, against the same calls made in process. */
export const http: Group = {
  name: 'http',
  async measure(ground, plan) {
    await using door = await openDoor(ground);
    const { caller, sessions } = door;
    const { database, settle } = ground;
    const coordinators = sessions.map((session_id) =>
      coordinatorOver({ invoke: (operation, input) => invoke(database, operation, { ...caller, session_id }, input) }),
    );
    const direct: Side = {
      async run(worker) {
        const coordinator = coordinators[worker] as (typeof coordinators)[number];
        const paths = [`src/http/${worker}.ts`];
        await coordinator.acquireLock({ paths });
        await coordinator.releaseLock({ paths });
      },
    };
    return rowsOf('HTTP route / direct', await race({ settle, ours: door.lockPair, other: direct }, plan), {
      1: { excellent: 0.5, floor: 0.35 },
      8: { excellent: 0.4, floor: 0.35 },
      32: { excellent: 0.45, floor: 0.35 },
    });
  },
};
