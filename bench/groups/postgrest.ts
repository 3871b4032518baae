import { openDoor } from '../door.ts';
import { type Group, rowsOf } from '../group.ts';
import { race, type Side } from '../measure.ts';
import { openPostgrest } from '../postgrest.ts';

/** A lock pair through our HTTP server, against the same functions called through PostgREST. */
export const postgrest: Group = {
  name: 'postgrest',
  async measure(ground, plan) {
    await using door = await openDoor(ground);
    await using other = await openPostgrest(ground.server);
    const { caller, sessions } = door;
    const rpc: Side = {
      async run(worker) {
        const input = {
          p_caller: { ...caller, session_id: sessions[worker] },
          p_paths: [`src/http/${worker}.ts`],
        };
        await other.client.post('/rpc/acquire_lock', input);
        await other.client.post('/rpc/release_lock', input);
      },
    };
    const series = await race({ settle: ground.settle, ours: door.lockPair, other: rpc }, plan);
    return rowsOf('our HTTP / PostgREST', series, {
      1: { excellent: 1.2, floor: 1 },
      8: { excellent: 1.6, floor: 1 },
      32: { excellent: 2, floor: 1 },
    });
  },
};
