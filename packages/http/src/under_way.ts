import { CoordinationError } from '@agentcoord/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { assertThere, maxBodyBytes } from './failures.ts';
import { FairQueue } from './fair_queue.ts';

/** Bytes of bodies, and requests, of one key that are not done: what is sent beyond that is not read. */
const [mostBytes, mostRequests] = [16 * maxBodyBytes, 256];

interface Load {
  requests: number;
  bytes: number;
}

/**
 * What keys have under way. A request counts until its work is done, also when its client has gone: otherwise a client
 * that sends and goes has thousands of them read and judged, while everybody else waits.
 */
export class UnderWay {
  readonly #ofKey = new Map<string, Load>();
  /** What ends the counting of a request. */
  readonly #leave = new WeakMap<FastifyRequest, () => void>();
  readonly #handled = new WeakSet<FastifyRequest>();
  readonly #queue = new FairQueue();

  /** One more request of an authenticated key; throws `limit_exceeded` when there are too many. */
  enter(request: FastifyRequest, { raw: response }: FastifyReply): void {
    assertThere(response);
    const key = request.credential?.fingerprint ?? '';
    const bytes = bytesOf(request);
    const load = this.#ofKey.get(key) ?? { requests: 0, bytes: 0 };
    if (load.requests >= mostRequests || load.bytes + bytes > mostBytes) throw tooMuch(load);
    this.#ofKey.set(key, { requests: load.requests + 1, bytes: load.bytes + bytes });
    this.#leave.set(request, () => this.#subtract(key, bytes));
    // One that is refused, or whose body breaks off, is never handled.
    response.once('close', () => {
      if (!this.#handled.has(request)) this.leave(request);
    });
  }

  /** Does what a request asks for, in the turn of its key; it counts until that is done. */
  async during<Result>(request: FastifyRequest, work: () => Promise<Result>): Promise<Result> {
    this.#handled.add(request);
    try {
      return await this.#queue.run(request.credential?.fingerprint ?? '', work);
    } finally {
      this.leave(request);
    }
  }

  /** A request that only waits from now on does not count any more; how many of those there are is limited elsewhere. */
  leave(request: FastifyRequest): void {
    this.#leave.get(request)?.();
    this.#leave.delete(request);
  }

  #subtract(key: string, bytes: number): void {
    const load = this.#ofKey.get(key);
    if (!load || load.requests <= 1) this.#ofKey.delete(key);
    else this.#ofKey.set(key, { requests: load.requests - 1, bytes: load.bytes - bytes });
  }
}

const bytesOf = ({ headers }: FastifyRequest): number => Number(headers['content-length'] ?? 0);

function tooMuch({ requests, bytes }: Load): CoordinationError {
  return new CoordinationError({
    code: 'limit_exceeded',
    message: `${requests} requests of this key with ${Math.ceil(bytes / 1_048_576)} MiB are not done.`,
    hint: 'Wait for answers before you send more.',
  });
}
