import type { Invoker } from './coordinator.ts';
import { CoordinationError } from './errors.ts';
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
export async function* resuming(
  open: OpenEvents,
  input: EventInput,
  { signal }: EventOptions = {},
): AsyncGenerator<CoordinationEvent, void, undefined> {
  let after = input.after ?? 'now';
  for (let wait = leastPause, opened = false; ; ) {
    try {
      for await (const { events, cursor } of open({ ...input, after }, { signal })) {
        for (const event of events) {
          after = event.cursor;
          yield event;
        }
        [after, wait, opened] = [cursor, leastPause, true];
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!opened || !(error instanceof CoordinationError && error.retryable)) throw error;
    }
    await pause(wait * (0.5 + Math.random()), signal);
    wait = Math.min(wait * 2, mostPause);
  }
}

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
