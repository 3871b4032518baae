import { CoordinationError, type Invoker, jsonSchemaOf, type Operation, operationNamed } from '@agentcoord/contract';
import {
  type CallToolRequestParams,
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { askInPlace } from './asking.ts';
import { errorOf, type Report } from './failure.ts';

type ObjectSchema = Tool['inputSchema'];

// HTTP builds a server for each request, and JSON Schema costs more than everything else in one.
const tools = new WeakMap<Operation, Tool>();

/** The operation as clients list it. */
export function toolOf(operation: Operation): Tool {
  const known = tools.get(operation);
  if (known) return known;
  const tool: Tool = {
    name: operation.name,
    description: [operation.summary, operation.guidance].filter(Boolean).join(' '),
    inputSchema: jsonSchemaOf(operation.input, 'input') as ObjectSchema,
    outputSchema: jsonSchemaOf(operation.output, 'output') as ObjectSchema,
    annotations: {
      readOnlyHint: operation.kind === 'read',
      destructiveHint: operation.kind === 'write' && operation.minimumTrust > 2,
      idempotentHint: operation.kind === 'read',
      openWorldHint: false,
    },
  };
  tools.set(operation, tool);
  return tool;
}

/** The operation a client asked for; an unknown one is answered with those there are. */
export function operationOf(name: string, operations: readonly Operation[]): Operation {
  const operation = operations.find((candidate) => candidate.name === name);
  if (operation) return operation;
  const hidden = operationNamed(name);
  throw new CoordinationError({
    code: 'invalid_input',
    message: hidden
      ? `The tool ${name} is switched off here.`
      : `There is no tool ${JSON.stringify(name.slice(0, 64))}.`,
    hint: hidden
      ? `It belongs to the toolset ${hidden.toolset}, which whoever runs this server adds to AGENTCOORD_TOOLSETS.`
      : `Call one of: ${operations.map((candidate) => candidate.name).join(', ')}.`,
  });
}

interface Context {
  invoker: Invoker;
  report: Report;
  /** Its signal aborts when the client cancels the request or is gone; nobody reads the result then. */
  context: ServerContext['mcpReq'];
  /** Calls in the name of the person at the host, when the host can ask one. */
  person: Invoker | undefined;
}

/** Calls the operation; its errors are results too, so that the model reads the hint. */
export async function callTool(
  { invoker, report, context, person }: Context,
  operation: Operation,
  args: CallToolRequestParams['arguments'],
): Promise<CallToolResult | InputRequiredResult> {
  const { signal } = context;
  try {
    const asked = person && (await askInPlace({ invoker, person, context }, operation, args));
    if (isInputRequiredResult(asked)) return asked;
    const answer = (asked ?? (await invoker.invoke(operation, args, { signal }))) as Record<string, unknown>;
    return { structuredContent: answer, content: [{ type: 'text', text: JSON.stringify(answer) }] };
  } catch (cause) {
    // No structuredContent: 1.x clients hold even an error against the output schema, and throw.
    const envelope = JSON.stringify(errorOf(cause, signal.aborted ? () => {} : report));
    return { isError: true, content: [{ type: 'text', text: envelope }] };
  }
}
