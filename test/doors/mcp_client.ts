import { CoordinationError, errorBodyOf, type Invoker } from '@agentcoord/contract';
import type { Holder, OpenDoor } from './door.ts';

/** Who the clients say they are. */
export const identity = { name: 'story', version: '1' };

/** Makes the client of today speak the protocol of today. */
export const newEra = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;

interface Result {
  isError?: boolean | undefined;
  structuredContent?: unknown;
  content: unknown;
}

/** What the clients of both generations have in common. */
export interface McpClient {
  listTools(): Promise<unknown>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

/** A client for each holder; the server goes with the last of them. */
export function openClients(connect: (holder: Holder) => Promise<McpClient>, server?: AsyncDisposable): OpenDoor {
  const cleanup = new AsyncDisposableStack();
  cleanup.use(server);
  return {
    async enter(holder: Holder) {
      const client = cleanup.adopt(await connect(holder), (connected) => connected.close());
      // From then on, clients hold structured content against the schemas.
      await client.listTools();
      return invokerOver(client);
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

export function invokerOver(client: McpClient): Invoker {
  return {
    async invoke({ name }, input) {
      const call = { name, arguments: input as Record<string, unknown> };
      const result = (await client.callTool(call).catch(refusedBefore)) as Result;
      const [{ text = '' } = {}] = result.content as { text?: string }[];
      const answer: unknown = JSON.parse(text);
      const error = result.isError ? errorBodyOf(answer) : undefined;
      if (error) throw new CoordinationError(error);
      return result.structuredContent;
    },
  };
}

/** While the database is away and its key is not remembered, a request is refused before it comes to MCP. */
function refusedBefore(cause: Error): never {
  const [body = 'null'] = /\{.*\}$/s.exec(cause.message) ?? [];
  const error = errorBodyOf(JSON.parse(body));
  throw error ? new CoordinationError(error) : cause;
}
