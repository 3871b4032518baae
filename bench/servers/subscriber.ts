/**
 * A process that follows events, as those do who watch: so many subscribers, each of which takes everything that its
 * filter lets pass. Tells how many milliseconds after its journal row each event of the first one came.
 */
import { coordinatorOver, type EventInput } from '@agentcoord/contract';
import { postgresDatabase } from '@agentcoord/core';
import { callerOf } from '../field.ts';

const { connection, count, filter } = JSON.parse(process.argv[2] ?? '') as {
  connection: object;
  count: number;
  filter: EventInput;
};

const database = postgresDatabase({ kind: 'embedded', connection, where: 'The database', pool: 4 });
const { events, listEvents } = coordinatorOver(callerOf(database, 'subscriber', 4));
const { cursor } = await listEvents({ after: 'now' });
for (let index = 0; index < count; index++) void follow(index);
process.send?.('ready');

async function follow(index: number): Promise<void> {
  for await (const { happened_at } of events({ ...filter, after: cursor })) {
    // Server and subscriber have one clock: they are on one machine.
    if (index === 0) process.send?.(performance.timeOrigin + performance.now() - instantOf(happened_at));
  }
}

/** In milliseconds, with the microseconds that Date drops. */
function instantOf(text: string): number {
  const [, micros = '0'] = /\.\d{3}(\d{1,3})/.exec(text) ?? [];
  return Date.parse(text) + Number(micros.padEnd(3, '0')) / 1000;
}
