import { coordinatorOver, operations, type Transport } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { createApp, listen } from '@agentcoord/http';
import { createHttpHandler } from '@agentcoord/mcp';
import type { TestDatabase } from '../helpers/database.ts';
import type { Holder } from './door.ts';

/** A listening HTTP server with `/v1` and `/mcp`. */
export interface HttpServer extends AsyncDisposable {
  url: string;
  /** Makes a key for the holder. */
  keyFor(holder: Holder): Promise<string>;
}

export async function startHttpServer({ database }: TestDatabase): Promise<HttpServer> {
  const version = '0.0.0-test';
  const mcp = createHttpHandler({ operations, version });
  const mounts = [{ path: '/mcp' as const, handle: mcp, close: () => mcp.close() }];
  const app = await createApp({ database, version, mounts });
  const administrators = new Map<string, Transport>();
  return {
    url: await listen(app, { port: 0 }),
    async keyFor({ agent, project, trust }) {
      const administrator =
        administrators.get(project) ??
        localTransport(database, project, { agent: 'root', agent_type: 'test', trust: 4, label: 'root' });
      administrators.set(project, administrator);
      return (await coordinatorOver(administrator).createKey({ agent, trust })).api_key;
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}
