import { type CoordinationEvent, coordinatorOver, type EventInput } from '@agentcoord/contract';
import { configOf } from './configuration.ts';
import { commandLineCaller, connect } from './connection.ts';
import type { Globals } from './globals.ts';
import { exitInterrupted, interruption } from './interruption.ts';
import { print, printJson, printProgress } from './output.ts';

/** Prints what happens, an event a line, until Ctrl-C. */
export async function watch(input: Record<string, unknown>, globals: Globals): Promise<void> {
  const config = configOf(globals);
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const { transport } = connection;
  const signal = interruption();
  const session = config.url && config.session_id ? { session_id: config.session_id } : {};
  const { events } = coordinatorOver({
    invoke: (operation, fields, options) => transport.invoke(operation, fields, { ...options, ...session }),
    ...(transport.events && {
      events: (filter, options) => (transport as Required<typeof transport>).events(filter, { ...options, ...session }),
    }),
  });
  try {
    for await (const event of events(input as EventInput, { signal })) {
      if (globals.json) printJson(event);
      else print(lineOf(event));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = exitInterrupted;
  }
}

/** Time of day, who, what, the outcome unless all went well, and what it was about. */
function lineOf({ happened_at, agent, operation, outcome, subjects }: CoordinationEvent): string {
  const time = new Date(happened_at).toTimeString().slice(0, 8);
  const what = outcome === 'ok' ? operation : `${operation} (${outcome})`;
  return `${time}  ${agent ?? 'coordinator'}  ${what}  ${subjects.join(' ')}`;
}
