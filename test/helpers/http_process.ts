import { operations } from '@agentcoord/contract';
import { postgresDatabase } from '@agentcoord/core';
import { createApp, listen } from '@agentcoord/http';
import { createHttpHandler } from '@agentcoord/mcp';
import type { TestDatabase } from './database.ts';

/** A server with connections of its own, as in another process. */
export async function startServer(db: TestDatabase, port = 0) {
  const database = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'The server' });
  const handle = createHttpHandler({ operations, version: '0' });
  const app = await createApp({
    database,
    version: '0',
    mounts: [{ path: '/mcp', handle, close: () => handle.close() }],
  });
  const url = await listen(app, { port });
  const close = async () => {
    await app.close();
    await database.close();
  };
  return { app, url, close, [Symbol.asyncDispose]: close };
}

/** An API key of that agent, for the project `test`. */
export async function keyOf(db: TestDatabase, agent: string): Promise<string> {
  const root = await db.session('root', { trust: 4 });
  return (await root.createKey({ agent, trust: 2 })).api_key;
}
