import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { CoordinationError } from '@agentcoord/contract';
import { type JSONRPCErrorResponse, ProtocolErrorCode, parseJSONRPCMessage } from '@modelcontextprotocol/server';

/** As long as a body over HTTP may be. The SDK would close the connection over a limit of its own, ten times as much. */
const maxLineLength = 1_048_576;

/**
 * Lets lines that are JSON-RPC messages through and answers all others: the SDK drops them without a word, and
 * whoever sent one would wait for ever.
 */
export class MessageLines extends Transform {
  readonly #decoder = new StringDecoder('utf8');
  readonly #answer: (line: string) => void;
  readonly #onMethod: (method: unknown) => void;
  #rest = '';
  #skipping = false;

  /** `answer` sends a refusal; `onMethod` hears the method of each message that is let through. */
  constructor(answer: (line: string) => void, onMethod: (method: unknown) => void = () => {}) {
    super();
    this.#answer = answer;
    this.#onMethod = onMethod;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const [first = '', ...others] = this.#decoder.write(chunk).split('\n');
    this.#rest += first;
    for (const start of others) {
      this.#take(this.#rest);
      this.#rest = start;
    }
    if (this.#rest.length > maxLineLength) {
      this.#rest = '';
      this.#skipping = true;
    }
    done();
  }

  #take(line: string): void {
    const tooLong = this.#skipping || line.length > maxLineLength;
    this.#skipping = false;
    if (tooLong)
      this.#refuse(ProtocolErrorCode.InvalidRequest, `The message is longer than ${maxLineLength} characters.`);
    else if (line.trim() !== '') this.#check(line);
  }

  #check(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse(ProtocolErrorCode.ParseError, 'The line is not JSON.');
      return;
    }
    if (isMessage(message)) {
      this.push(`${line}\n`);
      this.#onMethod((message as { method?: unknown }).method);
    } else this.#refuse(ProtocolErrorCode.InvalidRequest, `The line is ${faultOf(message)}.`, idOf(message));
  }

  #refuse(code: ProtocolErrorCode, message: string, id?: string | number | null): void {
    const hint = 'Send one complete JSON-RPC 2.0 message on each line, and no batches.';
    this.#answer(`${JSON.stringify(refusal(code, message, hint, id))}\n`);
  }
}

/** The levels that an input may have, and those of the message around it. */
const maxDepth = 64 + 8;

/** The SDK looks at messages by recursion, and would break off in the middle of one that is nested too deep. */
function isTooDeep(message: unknown): boolean {
  let level = [message];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

/** True when the SDK will understand it. */
function isMessage(message: unknown): boolean {
  try {
    return !isTooDeep(message) && Boolean(parseJSONRPCMessage(message));
  } catch {
    return false;
  }
}

function faultOf(message: unknown): string {
  return isTooDeep(message) ? `nested deeper than ${maxDepth} levels` : 'not a JSON-RPC 2.0 message';
}

/** The answer to one message that the SDK would refuse in its own words; undefined when it would not. */
export function refusalOf(message: unknown): object | undefined {
  if (isMessage(message)) return undefined;
  // A batch would count as one request against the rate limit.
  const hint = 'Send one complete JSON-RPC 2.0 message as the body, and no batches.';
  return refusal(ProtocolErrorCode.InvalidRequest, `The body is ${faultOf(message)}.`, hint, idOf(message));
}

function refusal(code: ProtocolErrorCode, message: string, hint: string, id: string | number | null = null) {
  const error = new CoordinationError({ code: 'invalid_input', message, hint });
  const answer: Omit<JSONRPCErrorResponse, 'id'> & { id: typeof id } = {
    jsonrpc: '2.0',
    id,
    error: { code, message: `${message} ${hint}`, data: error.toJSON() },
  };
  return answer;
}

/** The id of what was meant as a request. The id of anything else is one of ours, and must not come back as an answer. */
function idOf(message: unknown): string | number | null {
  if (typeof message !== 'object' || message === null || !('method' in message) || !('id' in message)) return null;
  return typeof message.id === 'string' || typeof message.id === 'number' ? message.id : null;
}
