import { CoordinationError } from '@agentcoord/contract';
import { type JSONRPCErrorResponse, ProtocolErrorCode, parseJSONRPCMessage } from '@modelcontextprotocol/server';

/** What a message may be: an input has its own limits below these, and what stands around it is small. */
const most = {
  /** The levels that an input may have, and those of the message around it. */
  depth: 64 + 8,
  /** Values and names in all. */
  values: 21_000,
  /** Values and names, and the characters of both, beside the arguments of a call. A waiting call keeps them. */
  around: { values: 1000, characters: 262_144 },
};

/** What is wrong with a message that the SDK would refuse in its own words, or not survive; undefined when it is one. */
export function faultOf(message: unknown): string | undefined {
  const excess = excessOf(message);
  if (excess) return excess;
  try {
    return parseJSONRPCMessage(message) ? undefined : 'is not a JSON-RPC 2.0 message';
  } catch {
    return 'is not a JSON-RPC 2.0 message';
  }
}

/**
 * The SDK looks at messages by recursion, and would break off in the middle of one that is nested too deep; of each value
 * that its schemas do not expect it makes an issue, and stops everybody else for seconds when there are very many.
 */
function excessOf(message: unknown): string | undefined {
  const inputs = new Set([(message as { params?: { arguments?: unknown } } | null)?.params?.arguments]);
  const parts = [{ value: message, depth: 0, isAround: true }];
  let [values, around, characters] = [0, 0, 0];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const { value, depth } = part;
    const isAround = part.isAround && !(depth === 2 && inputs.has(value));
    if (depth > most.depth) return `is nested deeper than ${most.depth} levels`;
    const names = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
    values += 1 + names.length;
    if (values > most.values) return `has more than ${most.values} values and names`;
    if (isAround) {
      around += 1 + names.length;
      characters += names.reduce((sum, name) => sum + name.length, typeof value === 'string' ? value.length : 0);
      if (around > most.around.values)
        return `has more than ${most.around.values} values and names beside its arguments`;
      if (characters > most.around.characters)
        return `has more than ${most.around.characters} characters beside its arguments`;
    }
    if (typeof value !== 'object' || value === null) continue;
    for (const inner of Object.values(value)) parts.push({ value: inner, depth: depth + 1, isAround });
  }
  return undefined;
}

/** The answer to one message that is none; undefined when it is one. */
export function refusalOf(message: unknown): object | undefined {
  const fault = faultOf(message);
  if (!fault) return undefined;
  // A batch would count as one request against the rate limit.
  const hint = 'Send one complete JSON-RPC 2.0 message as the body, and no batches.';
  return refusal(ProtocolErrorCode.InvalidRequest, `The body ${fault}.`, hint, idOf(message));
}

export function refusal(code: ProtocolErrorCode, message: string, hint: string, id: string | number | null = null) {
  const error = new CoordinationError({ code: 'invalid_input', message, hint });
  const answer: Omit<JSONRPCErrorResponse, 'id'> & { id: typeof id } = {
    jsonrpc: '2.0',
    id,
    error: { code, message: `${message} ${hint}`, data: error.toJSON() },
  };
  return answer;
}

/** The id of what was meant as a request. The id of anything else is one of ours, and must not come back as an answer. */
export function idOf(message: unknown): string | number | null {
  if (typeof message !== 'object' || message === null || !('method' in message) || !('id' in message)) return null;
  return typeof message.id === 'string' || typeof message.id === 'number' ? message.id : null;
}
