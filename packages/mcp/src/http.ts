import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Invoker } from '@agentcoord/contract';
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node';
import { createMcpHandler, type McpRequestContext, type ServerEventBus } from '@modelcontextprotocol/server';
import { lineTo, type Report, reportToConsole } from './failure.ts';
import { isListening, openedFor, refuse } from './listening.ts';
import { refusalOf } from './messages.ts';
import { createServer, type Offer } from './server.ts';
import { followResources } from './updates.ts';

/** Answers one MCP request in the name of an authenticated caller; `body` is given when it was parsed already. */
export interface HttpHandler {
  (request: IncomingMessage, response: ServerResponse, invoker: Invoker, body?: unknown): Promise<void>;
  /** Ends the streams that are open. */
  close(): Promise<void>;
}

/** MCP over streamable HTTP without sessions: every request has a server of its own, bound to its caller. */
export function createHttpHandler({ report = reportToConsole, ...offer }: Offer): HttpHandler {
  const callers = new AsyncLocalStorage<Listener>();
  const onerror = lineTo(report);
  // Without sessions, only the protocol of 2026 has a stream on which updates could be sent.
  const serve = ({ era }: McpRequestContext) =>
    createServer({ ...offer, report, invoker: callerOf(callers).invoker, updates: era === 'modern' ? 'bus' : 'none' });
  const handler = createMcpHandler(serve, { onerror, bus: busOf(callers, report) });
  // Loaded here, because a stdio server must start fast and has no use for it.
  const handle = import('@modelcontextprotocol/node').then((node) => node.toNodeHandler(handler, { onerror }));
  return Object.assign(
    async (request: IncomingMessage, response: ServerResponse, invoker: Invoker, body?: unknown) => {
      const refusal = body === undefined ? undefined : refusalOf(body);
      if (refusal) {
        response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(refusal));
        return;
      }
      const answer = await handle;
      if (response.closed || response.destroyed) return;
      const listener = { invoker, end: () => response.end() };
      if (isListening(body)) {
        try {
          listener.invoker = await openedFor(response, invoker);
        } catch (cause) {
          refuse(response, body.id, cause, report);
          return;
        }
      }
      await callers.run(listener, () => answer(request as IncomingMessage & NodeIncomingMessageLike, response, body));
    },
    { close: () => handler.close() },
  );
}

/** Who makes the request that is answered, and what ends the answer. */
interface Listener {
  invoker: Invoker;
  end(): void;
}

/** Each client that listens follows the journal of its own project, in the name of its own key, and as long as it may. */
function busOf(callers: AsyncLocalStorage<Listener>, report: Report): ServerEventBus {
  return {
    publish: () => {},
    subscribe: (listener) => {
      const { invoker, end } = callerOf(callers);
      return followResources(invoker, (uri) => listener({ kind: 'resource_updated', uri }), report, end);
    },
  };
}

function callerOf(callers: AsyncLocalStorage<Listener>): Listener {
  const caller = callers.getStore();
  if (!caller) throw new Error('An MCP server was asked for outside of a request.');
  return caller;
}
