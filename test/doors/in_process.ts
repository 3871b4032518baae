import { type Database, localTransport } from '@agentcoord/core';
import { openSession } from '@agentcoord/sdk';
import type { Door, OpenDoor } from './door.ts';

/** Sessions of this process on any database. */
export function inProcess(database: Database, cleanup: AsyncDisposableStack): OpenDoor {
  return {
    async enter({ agent, project, trust }) {
      const transport = localTransport(database, project, { agent, agent_type: 'test', trust });
      return cleanup.use(await openSession(transport));
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** In process, on Postgres itself. */
export const inProcessOnPostgres: Door = {
  name: 'in process on direct Postgres',
  trusts: [2, 4],
  beats: true,
  idempotent: true,
  open: async ({ database }) => inProcess(database, new AsyncDisposableStack()),
};
