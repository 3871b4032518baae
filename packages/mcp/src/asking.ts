import { randomBytes } from 'node:crypto';
import {
  CoordinationError,
  continuationOf,
  type Invoker,
  isRefusal,
  jsonSchemaOf,
  type Operation,
  operationNamed,
  type Question,
  wantsToWait,
} from '@agentcoord/contract';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';

/** What a round leaves for the next: which operation asked, and about what. The client hands it back, so it is sealed. */
interface Asked {
  operation: string;
  about: string;
}

/** A person may take as long as an approval may live. */
const ttlSeconds = 8 * 24 * 3600;

/** One process serves all rounds of a call. */
export const askedCodec = createRequestStateCodec<Asked>({ key: randomBytes(32), ttlSeconds });

/** Longest question that hosts show whole. What a person cannot read here is left to those who can read it elsewhere. */
const maxQuestion = 4000;

/** The one request of a round. */
const round = 'answer';

export interface Asking {
  invoker: Invoker;
  /** Calls in the name of the person at the host. */
  person: Invoker;
  context: ServerContext['mcpReq'];
}

/** Whether the client shows forms to a person. Of the protocol of 2026 each request says so, before it the connection. */
export function showsForms(context: ServerContext['mcpReq'], connected: ClientCapabilities | undefined): boolean {
  const envelope = context.envelope as Record<string, ClientCapabilities | undefined> | undefined;
  const { elicitation } = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? connected ?? {};
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/**
 * Makes a call that would wait ask the person at its host instead: the first round asks, the second notes the answer.
 * Only a choice counts. A form that was declined or closed decides nothing, because a host without a person does that,
 * too: the call then waits for whoever else may decide. Undefined when this call asks nobody.
 */
export async function askInPlace(
  asking: Asking,
  operation: Operation,
  args: unknown,
): Promise<unknown | InputRequiredResult> {
  const { asks } = operation;
  if (!asks || !wantsToWait(operation, args)) return undefined;
  const asked = asking.context.requestState<Asked>();
  return asked?.operation === operation.name
    ? noteAnswer(asking, operation, asks, asked.about, args.wait_seconds)
    : ask(asking, operation, asks, args);
}

async function ask({ invoker, context }: Asking, operation: Operation, asks: Question, args: { wait_seconds: number }) {
  const parsed = operation.input.safeParse(args);
  // Refused in the same words as everywhere, by the plain way.
  if (!parsed.success) return undefined;
  const message = asks.text(parsed.data);
  if (message.length > maxQuestion) return undefined;
  const answer = await invoker.invoke(operation, { ...args, wait_seconds: 0 }, { signal: context.signal });
  if (!isRefusal(operation, answer)) return answer;
  const about = String((answer as Record<string, unknown>)[asks.field]);
  return inputRequired({
    requestState: await askedCodec.mint({ operation: operation.name, about }),
    inputRequests: { [round]: inputRequired.elicit({ message, requestedSchema: formOf(asks) }) },
  });
}

type Form = Parameters<typeof inputRequired.elicit>[0]['requestedSchema'];

function formOf({ operation, field }: Question): Form {
  const { properties = {}, required = [] } = jsonSchemaOf((operationNamed(operation) as Operation).input, 'input');
  const { [field]: _, ...asked } = properties;
  return { type: 'object', properties: asked, required: required.filter((name) => name !== field) } as Form;
}

async function noteAnswer(
  { invoker, person, context }: Asking,
  operation: Operation,
  { operation: noting, field }: Question,
  about: string,
  waitSeconds: number,
): Promise<unknown> {
  const given = inputResponse(context.inputResponses, round);
  const decision = operationNamed(noting) as Operation;
  const chosen = decision.input.safeParse({ ...('content' in given ? given.content : {}), [field]: about }).data;
  const isChoice = given.kind === 'elicit' && given.action === 'accept' && chosen !== undefined;
  if (isChoice) await person.invoke(decision, chosen).catch(unlessTooLate);
  const next = continuationOf(operation, { [field]: about });
  if (!next) return undefined;
  const wait_seconds = isChoice ? 0 : waitSeconds;
  return invoker.invoke(next.operation, { ...next.input, wait_seconds }, { signal: context.signal });
}

/** Somebody else was faster, or the time was over: the answer that is read next says so. */
function unlessTooLate(error: unknown): void {
  if (!(error instanceof CoordinationError && error.code === 'conflict')) throw error;
}
