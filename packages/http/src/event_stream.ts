import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { CoordinationError, errorFrom } from '@agentcoord/contract';
import type { Events, ItemPage } from '@agentcoord/core';
import { clientGone } from './failures.ts';
import { answerHeaders } from './problem.ts';

/** Milliseconds for which a client may leave unread what the connection cannot take any more. */
const stuckFor = 20_000;

/** Milliseconds after which a client should come back when the connection breaks. */
const retryAfter = 500;

/** One client that follows events: writes pages as server-sent events until one side has enough. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #hold: (bytes: number) => Disposable | undefined;
  readonly #ending = new AbortController();
  /** Ended when its client is gone, or `end` was called. */
  readonly signal: AbortSignal = this.#ending.signal;

  /** `hold` counts bytes that wait for the client until disposed of; undefined when there is no room for them. */
  constructor(response: ServerResponse, hold: (bytes: number) => Disposable | undefined) {
    this.#response = response;
    this.#hold = hold;
    response.once('close', () => this.#ending.abort(clientGone()));
  }

  /** Ends it in an orderly way; with a failure, the client is told not to come back as before. */
  end(failure?: CoordinationError): void {
    this.#ending.abort(failure);
  }

  /** Writes the first page and all that follow. `first` is what `events` has given already. */
  async serve(first: ItemPage, events: Events): Promise<void> {
    const response = this.#response;
    const headers = {
      ...answerHeaders,
      connection: 'close',
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    };
    response.writeHead(200, headers);
    try {
      await this.#write(`retry: ${retryAfter}\n${textOf(first)}`);
      for await (const page of events) await this.#write(textOf(page));
    } catch (cause) {
      if (!(cause instanceof CoordinationError) || response.closed) return;
      response.write(failureText(cause));
    } finally {
      await events.return();
      response.end();
      // Who does not read does not see the end either.
      setTimeout(() => response.destroy(), 1000).unref();
    }
  }

  async #write(text: string): Promise<void> {
    if (this.#response.write(text)) return;
    using held = this.#hold(this.#response.writableLength);
    // The client comes back with the last event that it has seen.
    if (!held) return void this.#response.destroy();
    const stuck = AbortSignal.timeout(stuckFor);
    await once(this.#response, 'drain', { signal: AbortSignal.any([this.signal, stuck]) }).catch(() => {
      if (stuck.aborted) this.#response.destroy();
    });
  }
}

/** An event each, then the position that all of them together have reached, which also keeps the connection awake. */
function textOf({ items, cursor, delay_seconds }: ItemPage): string {
  const events = items.map(({ event, text }) => `id: ${event.cursor}\ndata: ${text}\n\n`);
  const delay = delay_seconds === undefined ? '' : `event: delay\ndata: {"delay_seconds":${delay_seconds}}\n`;
  return `${events.join('')}${items.at(-1)?.event.cursor === cursor && !delay ? '' : `${delay}id: ${cursor}\n\n`}`;
}

function failureText(cause: CoordinationError): string {
  const failure = errorFrom(cause, { message: 'The stream broke.', hint: 'Open it again.' });
  return `event: failure\ndata: ${JSON.stringify(failure)}\n\n`;
}
