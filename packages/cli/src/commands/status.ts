import { coordinatorOver, jsonSchemaOf, type Operation, operationNamed } from '@agentcoord/contract';
import { type Config, healthOf, serverStatus, workspaceOf } from '@agentcoord/core';
import { readable, render } from '../answer.ts';
import { sweepAdvice } from '../checks/upkeep.ts';
import { configOf } from '../configuration.ts';
import { commandLineCaller, connect } from '../connection.ts';
import { otherProject } from '../elsewhere.ts';
import type { Globals } from '../globals.ts';
import { findHttpProcess } from '../http_process.ts';
import { print, printJson, printProgress, terminalWidth } from '../output.ts';

/** Shows what runs, without starting any of it. */
export async function status({ json, ...globals }: Globals): Promise<void> {
  const config = configOf(globals);
  const http = await findHttpProcess(config.home);
  const here = (await workspaceOf(process.cwd(), config)).project;
  const { running, ...database } = await databaseOf(config);
  const facts = {
    ...database,
    running,
    http_url: http?.url ?? null,
    project: config.url ? null : here,
    ...(running ? await activity(config, here) : {}),
  };
  if (json) printJson(facts);
  else print(render(forPeople({ ...facts, http_url: facts.http_url ?? 'not running' }), terminalWidth()));
}

/** Counts read as on the board. */
function forPeople(facts: Record<string, unknown>): Record<string, unknown> {
  const { output } = operationNamed('get_task_board') as Operation;
  return readable(facts, jsonSchemaOf(output, 'output')) as Record<string, unknown>;
}

async function databaseOf(config: Config): Promise<{ data: string; running: boolean }> {
  if (config.url) return { data: `the coordinator at ${config.url}`, running: true };
  if (config.supabase_url) return { data: `Supabase at ${new URL(config.supabase_url).host}`, running: true };
  if (config.database_url) return { data: `Postgres at ${new URL(config.database_url).host}`, running: true };
  const { cluster, running } = await serverStatus(config.home);
  return { data: `embedded Postgres in ${cluster}`, running };
}

async function activity(config: Config, here: string) {
  await using connection = await connect(config, {
    identity: commandLineCaller(config),
    onProgress: printProgress,
    migrate: false,
  });
  const { transport, database } = connection;
  const coordinator = coordinatorOver(transport);
  const { agents, tasks, locks } = await coordinator.getTaskBoard();
  // Elsewhere the key says which project it is, not this folder.
  const project = database ? here : (await coordinator.getMyProfile()).project;
  const health = database && (await healthOf(database));
  const advice = database ? health && sweepAdvice(health) : otherProject(project, here);
  return {
    project,
    ...{ agents: agents.length, tasks, locks, swept_at: health?.swept_at ?? null },
    ...(advice === undefined ? {} : { advice }),
  };
}
