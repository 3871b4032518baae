import type { Invoker } from './coordinator.ts';
import { isRetryable } from './errors.ts';
import type { CoordinationEvent, EventInput, EventOptions, EventPage } from './events.ts';
import { listEvents } from './operations/events.ts';

/** Pages from `after` on, until they are not wanted any more. The first one comes at once, and may be empty. */
export type OpenEvents = (input: EventInput, options: EventOptions) => AsyncIterable<EventPage>;

/** Milliseconds to wait before a stream that broke is opened again: so many at first, and at most. */
const [leastPause, mostPause] = [100, 5000];

/**
 * One event after the other, from a stream that is opened again from the last one whenever it breaks, so that nothing is
 * lost and nothing comes twice. Fails at once when it cannot be opened at all, and later when that can never be
 * repaired: the key was revoked, or what comes next is no longer kept.
 */
export function resuming(open: OpenEvents, input: EventInput, options: EventOptions = {}): EventStream {
  return new EventStream(resumedPages(open, input, options));
}

async function* resumedPages(
  open: OpenEvents,
  input: EventInput,
  { signal }: EventOptions,
): AsyncGenerator<EventPage, void, undefined> {
  let after = input.after ?? 'now';
  for (let wait = leastPause, opened = false; ; ) {
    try {
      for await (const page of open({ ...input, after }, { signal })) {
        [after, wait, opened] = [page.cursor, leastPause, true];
        yield page;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!opened || !isRetryable(error)) throw error;
    }
    await pause(wait * (0.5 + Math.random()), signal);
    wait = Math.min(wait * 2, mostPause);
  }
}

/** What an iterator answers. */
type Result = IteratorResult<CoordinationEvent, void>;

/**
 * The events of pages, one by one. What is there already is handed out at once: through a generator each event would
 * take three turns of the queue, which was half of what fifty subscribers of a busy project cost.
 */
export class EventStream implements AsyncGenerator<CoordinationEvent, void, undefined> {
  readonly #pages: AsyncGenerator<EventPage, void, undefined>;
  #page: readonly Promise<Result>[] = [];
  #next = 0;
  /** Calls that wait for a page stand behind each other, so that none takes one from under another. */
  #turns: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(pages: AsyncGenerator<EventPage, void, undefined>) {
    this.#pages = pages;
  }

  /**
   * The same as they come, some empty, each with the cursor to go on after: to await each event of a busy project costs
   * its reader as much as to receive them. Instead of the events, not beside them. Readers share a page: it is not to be
   * changed.
   */
  pages(): AsyncGenerator<EventPage, void, undefined> {
    return this.#pages;
  }

  next(): Promise<Result> {
    const result = this.#waiting === 0 ? this.#page[this.#next] : undefined;
    if (!result) return this.#turn();
    this.#next++;
    return result;
  }

  #turn(): Promise<Result> {
    this.#waiting++;
    const turn = this.#turns.then(() => this.#read()).finally(() => this.#waiting--);
    this.#turns = turn.catch(() => {});
    return turn;
  }

  async #read(): Promise<Result> {
    while (this.#next >= this.#page.length) {
      const { value, done } = await this.#pages.next();
      if (done) return { value: undefined, done };
      [this.#page, this.#next] = [resultsOf(value.events), 0];
    }
    return this.#page[this.#next++] as Promise<Result>;
  }

  return(): Promise<Result> {
    this.#page = [];
    return this.#pages.return() as Promise<IteratorReturnResult<void>>;
  }

  throw(error: unknown): Promise<Result> {
    this.#page = [];
    return this.#pages.throw(error) as Promise<IteratorReturnResult<void>>;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** A page that many subscribers share is wrapped once: to make a promise for each of them took a tenth of their time. */
function resultsOf(events: readonly CoordinationEvent[]): readonly Promise<Result>[] {
  if (wrapped?.events !== events) {
    wrapped = { events, results: events.map((value) => Promise.resolve({ value, done: false as const })) };
  }
  return wrapped.results;
}

/** The last page: those who share one take it one after the other. */
let wrapped: { events: readonly CoordinationEvent[]; results: readonly Promise<Result>[] } | undefined;

/** Pages by asking again and again, for doors that have no stream of their own. */
export async function* polled(
  invoker: Pick<Invoker, 'invoke'>,
  { after = 'now', ...filter }: EventInput,
  { signal }: EventOptions = {},
): AsyncGenerator<EventPage, never, undefined> {
  for (let position = after; ; ) {
    const wait_seconds = position === 'now' ? 0 : 25;
    const page = await invoker.invoke(listEvents, { ...filter, after: position, limit: 200, wait_seconds }, { signal });
    const { events, cursor } = page as EventPage;
    yield { events, cursor };
    position = cursor;
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
