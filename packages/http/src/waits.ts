import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoordinationError } from '@agentcoord/contract';
import type { Ending } from '@agentcoord/core';
import type { FastifyReply } from 'fastify';
import { assertThere, clientGone } from './failures.ts';

/** Milliseconds that those who wait have for taking their answer when the server closes. */
const answerWithin = 1000;

/** Calls of one key that wait at once: they share the places of the server with all others. */
const mostOfKey = 200;

/** The requests whose calls wait. Each ends when its client is gone, and all of them when the server closes. */
export class Waits {
  readonly #closing = new AbortController();
  readonly #answered = new Set<Promise<unknown>>();
  readonly #ofKey = new Map<string, number>();

  /** What ends the call that this reply answers; throws `limit_exceeded` when its key waits too often. */
  add({ raw: response, request }: FastifyReply, cancelled?: AbortSignal): Ending {
    assertThere(response);
    const leave = this.#enter(request.credential?.fingerprint ?? '');
    const gone = new AbortController();
    const answered = once(response, 'close').then(() => {
      leave();
      this.#answered.delete(answered);
      if (!response.writableFinished) gone.abort(clientGone());
    });
    this.#answered.add(answered);
    const signal = cancelled ? AbortSignal.any([cancelled, gone.signal]) : gone.signal;
    return { signal, closing: this.#closing.signal };
  }

  #enter(key: string): () => void {
    const waiting = this.#ofKey.get(key) ?? 0;
    if (waiting >= mostOfKey) {
      throw new CoordinationError({
        code: 'limit_exceeded',
        message: `${waiting} calls of this key are waiting already.`,
        hint: 'Wait for their answers, or call without wait_seconds.',
      });
    }
    this.#ofKey.set(key, waiting + 1);
    return () => {
      const left = (this.#ofKey.get(key) ?? 1) - 1;
      if (left > 0) this.#ofKey.set(key, left);
      else this.#ofKey.delete(key);
    };
  }

  /** Has all of them answered with what they know. */
  async close(): Promise<void> {
    this.#closing.abort();
    const limit = sleep(answerWithin, undefined, { ref: false });
    await Promise.race([Promise.all(this.#answered), limit]);
  }
}
