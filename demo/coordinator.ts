import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Coordinator, coordinatorOver, type Transport } from '@agentcoord/contract';
import {
  type EmbeddedServer,
  ensureServer,
  type LocalCaller,
  localTransport,
  openDatabase,
  readConfig,
  startSweeper,
  stopServer,
  workspaceOf,
} from '@agentcoord/core';
import { createApp, listen } from '@agentcoord/http';

/** A coordinator of the demo's own, with an administrator and two doors; the third is `agentcoord mcp`. */
export interface OwnCoordinator {
  administrator: Coordinator;
  url: string;
  /** A key for the HTTP door. */
  keyOf(agent: string): Promise<string>;
  /** The way in for a program that runs in this process. */
  transportOf(agent: string): Transport;
}

/** Starts an embedded database for the home that `environment` names and an HTTP server on a free port. */
export async function startCoordinator(
  folder: string,
  environment: Record<string, string>,
  cleanup: AsyncDisposableStack,
): Promise<OwnCoordinator> {
  const config = readConfig(environment);
  const starting = ensureServer(config.home);
  cleanup.defer(() => removeServer(config.home, starting));
  await starting;
  const database = cleanup.adopt(await openDatabase(config), (opened) => opened.close());
  cleanup.defer(startSweeper(database));
  const app = cleanup.adopt(await createApp({ database, version: 'demo' }), (server) => server.close());
  const url = await listen(app, { port: 0 });
  const { project } = await workspaceOf(folder, config);
  const local = (caller: LocalCaller) => localTransport(database, project, caller);
  const administrator = coordinatorOver(local({ agent: 'demo', agent_type: 'demo', trust: 4, label: 'demo' }));
  return {
    administrator,
    url,
    keyOf: async (agent) => (await administrator.createKey({ agent })).api_key,
    transportOf: (agent) => local({ agent, agent_type: 'demo', trust: 2 }),
  };
}

/** Waits for a start that was interrupted: a server that comes up afterwards would stay. */
async function removeServer(home: string, starting: Promise<EmbeddedServer>): Promise<void> {
  const server = await starting.catch(() => undefined);
  if (!server) return;
  await stopServer(home);
  // A server that runs for root keeps its files outside of the home.
  for (const place of [dirname(server.cluster), server.socketFolder]) await rm(place, { recursive: true, force: true });
}
