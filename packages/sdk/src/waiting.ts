import { type CallOptions, CoordinationError, continuationOf, endsWaiting, type Operation } from '@agentcoord/contract';
import { pause } from './timer.ts';

/** One request; throws `ConnectionLost` when no coordinator answered it. */
export type Send<Options> = (
  operation: Operation,
  input: Record<string, unknown>,
  options: Options,
) => Promise<unknown>;

/** No coordinator answered. */
export class ConnectionLost extends CoordinationError {
  /** True when there was nobody to talk to; false when the request may have been received. */
  readonly unreached: boolean;

  constructor(base: string, cause: unknown) {
    super(
      {
        code: 'unavailable',
        message: `${base} does not answer.`,
        hint: `Wait a few seconds and call again; if it persists, check that a coordinator runs at ${base}.`,
      },
      { cause },
    );
    this.name = 'CoordinationError';
    this.unreached = neverConnected.has((cause as { cause?: { code?: string } })?.cause?.code ?? '');
  }
}

const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * Has the server wait, and goes on when the connection is lost or the server closes meanwhile, for what is left of the
 * time. One idempotency key for all requests: what was granted in an answer that got lost is granted again. A first
 * request that reaches nobody fails like any other call.
 */
export async function waitThere<Options extends CallOptions>(
  operation: Operation,
  input: { wait_seconds: number },
  options: Options,
  send: Send<Options>,
): Promise<unknown> {
  const until = performance.now() + input.wait_seconds * 1000;
  let asking = { operation, input: input as Record<string, unknown> };
  let keyed: Options = { idempotency_key: crypto.randomUUID(), ...options };
  for (let left = input.wait_seconds, reached = false; ; ) {
    try {
      const answer = await send(asking.operation, { ...asking.input, wait_seconds: left }, keyed);
      if (endsWaiting(operation, answer) || until - performance.now() < 500) return answer;
      const next = continuationOf(asking.operation, answer);
      if (next) {
        asking = next;
        keyed = options;
      }
    } catch (error) {
      const lost = error instanceof ConnectionLost && (reached || !error.unreached);
      if (!lost || left === 0 || options.signal?.aborted) throw error;
    }
    reached = true;
    // Soon enough to keep a place in a queue, which is given up after 5 s.
    await pause(250 + Math.random() * 250);
    options.signal?.throwIfAborted();
    left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
  }
}
