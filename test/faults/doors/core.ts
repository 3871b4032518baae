import { Session } from '@agentcoord/sdk';
// Not from the index of the package, which loads the embedded server and supabase-js too.
import { postgresDatabase } from '../../../packages/core/src/databases/postgres.ts';
import { localTransport } from '../../../packages/core/src/transport.ts';
import type { OpenWay, WayIn } from './index.ts';

/** In process on the database. */
export async function throughCore({ agent, url }: WayIn): Promise<OpenWay> {
  const database = postgresDatabase({ kind: 'postgres', connection: url, where: 'The database', pool: 2 });
  const session = new Session(localTransport(database, 'faults', { agent, agent_type: 'core', trust: 2 }));
  return {
    invoker: session,
    async close() {
      await session.close();
      await database.close();
    },
  };
}
