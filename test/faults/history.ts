import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CoordinationError, type Invoker } from '@agentcoord/contract';

/** A call as its client saw it. A client that was killed meanwhile leaves the outcome unknown. */
export interface Call {
  client: string;
  operation: string;
  input: Record<string, unknown>;
  idempotency_key?: string;
  /** Milliseconds of the machine's monotonic clock, which all its processes share. */
  asked: number;
  answered: number;
  /** `unknown`: it may or may not have happened. */
  outcome: 'answered' | 'refused' | 'unknown';
  answer?: Record<string, unknown>;
  code?: string;
  reason?: string;
  /** Behind an internal error, as far as the door tells. */
  cause?: string;
}

interface Asked extends Pick<Call, 'operation' | 'input' | 'idempotency_key'> {
  call: number;
  asked: number;
}

type Answered = { call: number } & Pick<Call, 'answered' | 'outcome' | 'answer' | 'code' | 'reason' | 'cause'>;

/** Milliseconds of the clock that all processes of the machine share. */
export const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Writes down what one client asks, before it is sent, and what it is answered. */
export class History {
  readonly #file: number;
  #calls = 0;

  constructor(folder: string, client: string) {
    this.#file = openSync(join(folder, `${client}.jsonl`), 'a');
  }

  #write(line: Asked | Answered): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** The same calls, each of them written down. */
  of(invoker: Invoker): Invoker {
    return {
      invoke: async (operation, input, options) => {
        const call = ++this.#calls;
        this.#write({
          call,
          operation: operation.name,
          input: input as Record<string, unknown>,
          asked: now(),
          ...options,
        });
        try {
          const answer = (await invoker.invoke(operation, input, options)) as Record<string, unknown>;
          this.#write({ call, answered: now(), outcome: 'answered', answer });
          return answer;
        } catch (error) {
          this.#write({ call, answered: now(), ...refusalOf(error) });
          throw error;
        }
      },
    };
  }
}

/** Only an error that the coordinator itself decided says that nothing happened. */
function refusalOf(error: unknown): Pick<Call, 'outcome' | 'code' | 'reason' | 'cause'> {
  if (!(error instanceof CoordinationError)) return { outcome: 'unknown', code: String(error) };
  const reason = error.details?.reason;
  return {
    outcome: error.code === 'unavailable' ? 'unknown' : 'refused',
    code: error.code,
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(error.code === 'internal' ? { cause: String(error.cause ?? JSON.stringify(error.details)) } : {}),
  };
}

/** All calls of all clients, in the order in which they were asked. */
export function readHistories(folder: string): Call[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return files.flatMap((name) => callsIn(folder, name)).sort((one, other) => one.asked - other.asked);
}

/** What a call is without an answer. */
const unknown = { answered: Number.POSITIVE_INFINITY, outcome: 'unknown' as const };

function callsIn(folder: string, name: string): Call[] {
  const client = name.replace(/\.jsonl$/, '');
  const calls = new Map<number, Call>();
  // The last line of a killed client may be cut off.
  const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    const { call, ...entry } = JSON.parse(line) as Asked & Partial<Answered>;
    const known = calls.get(call);
    if (known) Object.assign(known, entry);
    else calls.set(call, { ...unknown, ...entry, client });
  }
  return [...calls.values()];
}
