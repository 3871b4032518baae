import { exitRefused, jsonSchemaOf, type Operation, saysNo, wantsToWait } from '@agentcoord/contract';
import { readable, render } from './answer.ts';
import { configOf } from './configuration.ts';
import { commandLineCaller, connect, tellNew, tellUnfound } from './connection.ts';
import type { Globals } from './globals.ts';
import { exitInterrupted, interruption } from './interruption.ts';
import { print, printJson, printProgress, terminalWidth } from './output.ts';

/** Calls an operation as the person at the command line, prints the answer, and exits 1 when it says no. */
export async function call(operation: Operation, input: Record<string, unknown>, globals: Globals): Promise<void> {
  const config = configOf(globals);
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const { transport, workspace } = connection;
  if (!globals.json) tellUnfound(connection, config);
  await tellNew(connection, globals.project, operation.kind === 'read');
  const prepared = workspace.prepare(operation, input);
  const signal = wantsToWait(operation, prepared) ? interruption() : undefined;
  const asking = transport.invoke(operation, prepared, {
    signal,
    ...(globals.idempotencyKey === undefined ? {} : { idempotency_key: globals.idempotencyKey }),
    // On this machine SESSION_ID is a label of ours; another coordinator knows only the sessions it has registered.
    ...(config.url && config.session_id ? { session_id: config.session_id } : {}),
  });
  const answer = (await asking.catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  })) as Record<string, unknown> | undefined;
  if (!answer) {
    process.exitCode = exitInterrupted;
    return;
  }
  if (globals.json) printJson(answer);
  else print(render(forPeople(operation, answer), terminalWidth()));
  if (saysNo(operation, answer)) process.exitCode = exitRefused;
}

function forPeople({ output }: Operation, answer: Record<string, unknown>): Record<string, unknown> {
  return readable(answer, jsonSchemaOf(output, 'output')) as Record<string, unknown>;
}
