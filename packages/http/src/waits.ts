import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending } from '@agentcoord/core';
import { clientGone } from './failures.ts';

/** Milliseconds that those who wait have for taking their answer when the server closes. */
const answerWithin = 1000;

/** The requests whose calls wait. Each ends when its client is gone, and all of them when the server closes. */
export class Waits {
  readonly #closing = new AbortController();
  readonly #answered = new Set<Promise<unknown>>();

  /** What ends the call that this response answers. */
  add(response: ServerResponse, cancelled?: AbortSignal): Ending {
    const gone = new AbortController();
    const answered = once(response, 'close').then(() => {
      this.#answered.delete(answered);
      if (!response.writableFinished) gone.abort(clientGone());
    });
    this.#answered.add(answered);
    const signal = cancelled ? AbortSignal.any([cancelled, gone.signal]) : gone.signal;
    return { signal, closing: this.#closing.signal };
  }

  /** Has all of them answered with what they know. */
  async close(): Promise<void> {
    this.#closing.abort();
    const limit = sleep(answerWithin, undefined, { ref: false });
    await Promise.race([Promise.all(this.#answered), limit]);
  }
}
