import { CoordinationError } from '@agentcoord/contract';
import type { FastifyRequest } from 'fastify';
import { type Authenticator, keyIn } from './authentication.ts';
import { keyRefused } from './callers.ts';

/** Milliseconds between two looks at the keys of open streams; with the time for which a key is trusted, under 5 s. */
const checkEvery = 500;

/** Streams of this process, and of one key, at most. */
const [mostStreams, mostOfKey] = [2000, 200];

type End = (failure?: CoordinationError) => void;

/** Answers without end: they end with their key, and with the server. */
export class KeyedStreams {
  readonly #authenticator: Authenticator;
  readonly #open = new Map<End, FastifyRequest>();
  #check: NodeJS.Timeout | undefined;
  /** True once the server closes. */
  isClosed = false;

  constructor(authenticator: Authenticator) {
    this.#authenticator = authenticator;
  }

  /** Takes a stream in until it is disposed of; throws `limit_exceeded` when there are too many. */
  add(request: FastifyRequest, end: End): Disposable {
    this.#refuseTooMany(request);
    this.#open.set(end, request);
    this.#check ??= setInterval(() => this.#checkKeys(), checkEvery).unref();
    return {
      [Symbol.dispose]: () => {
        this.#open.delete(end);
        if (this.#open.size > 0) return;
        clearInterval(this.#check);
        this.#check = undefined;
      },
    };
  }

  /** Ends all of them; clients come back with the last event they have seen. */
  close(): void {
    this.isClosed = true;
    for (const end of this.#open.keys()) end();
  }

  #refuseTooMany({ credential }: FastifyRequest): void {
    const ofKey = [...this.#open.values()].filter((open) => open.credential?.fingerprint === credential?.fingerprint);
    if (this.#open.size < mostStreams && ofKey.length < mostOfKey) return;
    throw new CoordinationError({
      code: 'limit_exceeded',
      message: `There are too many open streams of events, ${ofKey.length} of them with this key.`,
      hint: `Close those that nobody reads: a key may have ${mostOfKey}, the server ${mostStreams}.`,
    });
  }

  /** Ends the streams whose key was revoked or has expired. While the database is away nobody can know. */
  #checkKeys(): void {
    for (const [end, request] of this.#open) {
      const key = keyIn(request.headers.authorization) ?? '';
      const known = this.#authenticator.recall(key);
      if (known && performance.now() < known.freshUntil) continue;
      const asking = this.#authenticator.ask(key);
      asking.then((credential) => credential ?? end(keyRefused())).catch(() => {});
    }
  }
}

/** What a stream ends with that cannot end in another way, when the server closes. */
export function closing(): CoordinationError {
  return new CoordinationError({
    code: 'unavailable',
    message: 'The server is about to close.',
    hint: 'Open the stream again in a moment.',
  });
}
