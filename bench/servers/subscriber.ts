/**
 * A process that follows events, as those do who watch: so many subscribers, each of which takes everything that its
 * filter lets pass, from the message `follow` on until the message `rest`. Where there is one only, it tells how many
 * milliseconds after its journal row each event came.
 */
import { coordinatorOver, type EventInput } from '@agentcoord/contract';
import { postgresDatabase } from '@agentcoord/core';
import { callerOf } from '../field.ts';

const { connection, count, filter, pages } = JSON.parse(process.argv[2] ?? '') as {
  connection: object;
  count: number;
  filter: EventInput;
  /** They take pages instead of events. */
  pages?: boolean;
};

const database = postgresDatabase({ kind: 'embedded', connection, where: 'The database', pool: 4 });
const { events, listEvents } = coordinatorOver(callerOf(database, 'subscriber', 4));
let resting = new AbortController();

process.on('message', async (message) => {
  resting.abort();
  if (message === 'follow') {
    resting = new AbortController();
    const { cursor } = await listEvents({ after: 'now' });
    for (let index = 0; index < count; index++) void follow(cursor, resting.signal);
  }
  process.send?.('done');
});
process.send?.('ready');

async function follow(after: string, signal: AbortSignal): Promise<void> {
  try {
    const stream = events({ ...filter, after }, { signal });
    if (pages) for await (const _ of stream.pages());
    for await (const { happened_at } of stream) {
      // Server and subscriber have one clock: they are on one machine.
      if (count === 1) process.send?.(performance.timeOrigin + performance.now() - instantOf(happened_at));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** In milliseconds, with the microseconds that Date drops. */
function instantOf(text: string): number {
  const [, micros = '0'] = /\.\d{3}(\d{1,3})/.exec(text) ?? [];
  return Date.parse(text) + Number(micros.padEnd(3, '0')) / 1000;
}
