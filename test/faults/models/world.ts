import { CoordinationError, type Coordinator, coordinatorOver, type Transport } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { httpTransport } from '@agentcoord/sdk';
import { type HttpServer, startHttpServer } from '../../doors/http_server.ts';
import type { TestDatabase } from '../../helpers/database.ts';
import type { Stage } from '../stage.ts';
import type { Answer } from './model.ts';

/** Three actors in a project of their own: in process, and twice over HTTP. */
export interface World {
  actors: readonly Coordinator[];
  project: string;
}

/** A server in this process, so that no sweeper does anything between two steps. */
export function openServer({ database }: Stage): Promise<HttpServer> {
  return startHttpServer({ database } as TestDatabase);
}

export async function openWorld({ database }: Stage, server: HttpServer, project: string): Promise<World> {
  const local = localTransport(database, project, { agent: 'core', agent_type: 'faults', trust: 2 });
  const keys = await Promise.all(['http', 'web'].map((agent) => server.keyFor({ agent, project, trust: 2 })));
  const transports: Transport[] = [local, ...keys.map((apiKey) => httpTransport({ url: server.url, apiKey }))];
  return { project, actors: await Promise.all(transports.map(actorOver)) };
}

async function actorOver(transport: Transport): Promise<Coordinator> {
  const { session_id } = await coordinatorOver(transport).registerSession();
  return coordinatorOver({
    invoke: (operation, input, options) => transport.invoke(operation, input, { ...options, session_id }),
  });
}

/** The answer, or the code of the refusal. */
export async function answerOf(call: Promise<object>): Promise<Answer> {
  try {
    return { answer: (await call) as Record<string, unknown> };
  } catch (error) {
    if (error instanceof CoordinationError) return { code: error.code };
    throw error;
  }
}
