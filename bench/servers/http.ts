/** The HTTP door over the server of the home given as argument; sends its address to its parent, and ends with it. */
import { ensureServer, postgresDatabase } from '@agentcoord/core';
import { createApp, listen } from '@agentcoord/http';
import { poolSize } from '../field.ts';

const server = await ensureServer(process.argv[2] as string);
const database = postgresDatabase({
  kind: 'embedded',
  connection: server.connection(),
  where: 'The database',
  pool: poolSize,
});
// Counted as always, and never reached.
const rateLimit = { max: 1_000_000_000, windowSeconds: 60 };
const app = await createApp({ database, version: '0.0.0', rateLimit });
process.send?.(await listen(app, { port: 0 }));
process.once('disconnect', () => process.exit());
