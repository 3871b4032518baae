import { CoordinationError, type Invoker, type Operation } from '@agentcoord/contract';
import { ProtocolError, Server } from '@modelcontextprotocol/server';
import { askedCodec, showsForms } from './asking.ts';
import { protocolErrorOf, type Report, reportToConsole } from './failure.ts';
import { instructionsFor } from './instructions.ts';
import { getPrompt, promptsOf } from './prompts.ts';
import { readResource, resources } from './resources.ts';
import { Subscriptions } from './subscriptions.ts';
import { callTool, operationOf, toolOf } from './tools.ts';

/** What a server shows: the operations that are switched on, and the version it gives as its own. */
export interface Offer {
  operations: readonly Operation[];
  version: string;
  /** Receives unexpected failures, whose words no client sees; the console when left out. */
  report?: Report;
  /** Calls in the name of the person at the host, who may then be asked in place; nobody is when left out. */
  person?: Invoker | undefined;
}

/**
 * Who sends updates of resources: nobody, an event bus of the SDK, or the server itself, which hands over the
 * subscriptions of its client.
 */
type Updates = 'none' | 'bus' | ((subscriptions: Subscriptions) => void);

/** The catalogue as a low-level MCP server for one connection or one request. */
export function createServer({
  operations,
  version,
  report = reportToConsole,
  invoker,
  person,
  updates = 'none',
}: Offer & { invoker: Invoker; updates?: Updates }): Server {
  const server = new CatalogueServer(
    { name: 'agentcoord', version },
    {
      capabilities: { tools: {}, resources: updates === 'none' ? {} : { subscribe: true }, prompts: {} },
      instructions: instructionsFor(operations),
      requestState: { verify: askedCodec.verify },
    },
  );
  server.setRequestHandler('tools/list', () => ({ tools: operations.map(toolOf) }));
  server.setRequestHandler('tools/call', ({ params }, { mcpReq: context }) => {
    const asked = showsForms(context, server.getClientCapabilities()) ? person : undefined;
    return callTool(
      { invoker, report, context, person: asked },
      operationOf(params.name, operations),
      params.arguments,
    );
  });
  server.setRequestHandler('resources/list', () => ({ resources: [...resources] }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', ({ params }) => readResource(invoker, params.uri, report));
  if (typeof updates === 'function') updates(new Subscriptions(server, invoker, report));
  server.setRequestHandler('prompts/list', () => ({ prompts: promptsOf(operations) }));
  server.setRequestHandler('prompts/get', ({ params }) => getPrompt(params, operations));
  return server;
}

type WrapHandler = Server['_wrapHandler'];

/** Sends every refusal of a request with the error envelope as its `data`, the SDK's own refusals included. */
class CatalogueServer extends Server {
  protected override _wrapHandler(
    method: Parameters<WrapHandler>[0],
    handler: Parameters<WrapHandler>[1],
  ): ReturnType<WrapHandler> {
    const wrapped = super._wrapHandler(method, handler);
    return async (request, context) => {
      try {
        return await wrapped(request, context);
      } catch (cause) {
        throw withEnvelope(cause, method);
      }
    };
  }
}

/** The handlers above throw errors of ours only, so that anything else is the SDK's about the form of the parameters. */
function withEnvelope(cause: unknown, method: string): ProtocolError {
  if (cause instanceof ProtocolError && cause.data !== undefined) return cause;
  if (cause instanceof CoordinationError) return protocolErrorOf(cause);
  return protocolErrorOf(
    new CoordinationError({
      code: 'invalid_input',
      message:
        cause instanceof ProtocolError ? cause.message : `The parameters of ${method} do not have the right form.`,
      hint: 'Send `params` as the MCP specification says; `arguments` of a tool is an object.',
    }),
  );
}
