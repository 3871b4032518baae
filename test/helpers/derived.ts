import type { Operation } from '@agentcoord/contract';
import { createApp } from '@agentcoord/http';
import { createServer } from '@agentcoord/mcp';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { createProgram } from '../../packages/cli/src/program.ts';

const nobody = { invoke: () => Promise.reject(new Error('Nothing is called here.')) };
const version = '0.0.0-test';

/** The tools an MCP client sees. */
export async function toolsOf(operations: readonly Operation[]) {
  const [here, there] = InMemoryTransport.createLinkedPair();
  const server = createServer({ operations, version, invoker: nobody });
  const client = new Client({ name: 'test', version: '1' });
  await Promise.all([server.connect(there), client.connect(here)]);
  const { tools } = await client.listTools();
  await client.close();
  return tools;
}

/** What a built HTTP server answers below `/v1`, as `POST /v1/locks/acquire`, and its OpenAPI document. */
export async function httpSurface(): Promise<{ routes: string[]; openApi: OpenApi }> {
  const database = { kind: 'postgres' as const, call: nobody.invoke, close: async () => {} };
  const app = await createApp({ database, version });
  const paths = pathsIn(app.printRoutes({ commonPrefix: false })).filter((path) => path.startsWith('/v1'));
  const routes: string[] = [];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const { statusCode } = await app.inject({ method, url: path });
      if (statusCode !== 405) routes.push(`${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    }
  }
  const openApi = (await app.inject('/openapi.json')).json() as OpenApi;
  await app.close();
  return { routes, openApi };
}

export interface OpenApi {
  paths: Record<string, Record<string, { operationId: string }>>;
}

/** The paths in a tree as Fastify draws it, four columns a level. */
function pathsIn(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part] = /^([│ ]*)[├└]── (\S+)/.exec(line) ?? [];
    if (part === undefined) return [];
    const level = indent.length / 4;
    above[level] = `${level === 0 ? '' : above[level - 1]}${part}`;
    return [above[level]];
  });
}

/** The words of every command that has none below it. */
export function commandsOf(
  command: ReturnType<typeof createProgram> = createProgram(),
  words: string[] = [],
): string[] {
  const below = command.commands.flatMap((each) => commandsOf(each, [...words, each.name()]));
  return command.commands.length > 0 ? below : [words.join(' ')];
}
