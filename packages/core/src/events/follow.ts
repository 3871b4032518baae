import { type EventInput, type EventOptions, eventStream, type Operation, operationNamed } from '@agentcoord/contract';
import type { Caller } from '../caller.ts';
import type { Database } from '../database.ts';
import { parseInput } from '../input.ts';
import { invoke } from '../invoke.ts';
import { precedes } from './cursor.ts';
import { pumpOf } from './pump.ts';
import { Item, ItemPage } from './subscription.ts';

/** A stream of pages. */
export type Events = AsyncGenerator<ItemPage, void, undefined>;

/**
 * What happens in the caller's project, from a cursor on, or from now. The past is read by `list_events`, which decides
 * whether the caller may and whether the cursor is good; then the pump of this process goes on. The first page comes at
 * once. Throws `limit_exceeded` when pages are not taken in time, with the cursor to go on from. To be handed on as it
 * is: a generator around it takes every page of every subscriber through the queue three times more.
 */
export async function* followEvents(
  database: Database,
  asking: Caller | (() => Promise<Caller>),
  input: EventInput,
  { signal }: EventOptions = {},
): Events {
  const caller = typeof asking === 'function' ? await asking() : asking;
  const { after = 'now', ...filter } = parsed(input);
  const operation = operationNamed('list_events') as Operation;
  const read = async (position: string) =>
    pageOf(await invoke(database, operation, caller, { ...filter, after: position, limit: 200 }, { signal }));
  let { page, more } = await read(after);
  yield page;
  while (more) {
    signal?.throwIfAborted();
    ({ page, more } = await read(page.cursor));
    yield page;
  }
  const pump = pumpOf(database);
  const { subscription, start } = pump.join(caller.project_id, page.cursor, filter, {
    session: caller.session_id,
    signal,
  });
  try {
    // Others were served further already. What they were served with since waits in the subscription.
    while (precedes(page.cursor, start)) {
      signal?.throwIfAborted();
      ({ page } = await read(page.cursor));
      subscription.skip(page.cursor);
      yield page;
    }
    for (;;) {
      const next = await subscription.next();
      if (!next) break;
      // What was decided when the stream began is asked again when that may have changed.
      if (subscription.takeDoubt()) await read('now');
      // The pump asks nobody, and a policy may have changed since the stream began.
      const authorising = database.policies?.authorise(operation, caller, () => filter);
      if (authorising) await authorising;
      yield next;
    }
    signal?.throwIfAborted();
  } finally {
    pump.leave(caller.project_id, subscription);
  }
}

/** Ids in the form in which events have them. */
function parsed(input: EventInput): EventInput {
  const { task_id, session_id, ...rest } = parseInput(eventStream, input) as EventInput;
  return {
    ...rest,
    ...(task_id === undefined ? {} : { task_id: task_id.toLowerCase() }),
    ...(session_id === undefined ? {} : { session_id: session_id.toLowerCase() }),
  };
}

function pageOf(answer: unknown): { page: ItemPage; more: boolean } {
  const { events, cursor, more, delay_seconds } = answer as {
    events: Item['event'][];
    cursor: string;
    more: boolean;
    delay_seconds?: number;
  };
  const items = events.map((event) => new Item(event));
  return { page: new ItemPage(items, cursor, delay_seconds), more };
}
