import { setTimeout as sleep } from 'node:timers/promises';
import { CoordinationError } from '@agentcoord/contract';
import { type Config, stopServer } from '@agentcoord/core';
import { configOf } from '../configuration.ts';
import { elsewhere } from '../elsewhere.ts';
import type { Globals } from '../globals.ts';
import { findHttpProcess, isRunning } from '../http_process.ts';
import { print, printJson } from '../output.ts';

/** A server gives its requests 10 s to finish. */
const stopWithin = 15_000;

/** Stops what `up` started. */
export async function down({ json, ...globals }: Globals): Promise<void> {
  const config = configOf(globals);
  if (config.url) throw elsewhere(config.url, 'stop');
  const http_stopped = await stopHttp(config);
  const database_stopped = config.database_url || config.supabase_url ? false : await stopServer(config.home);
  if (json) return printJson({ http_stopped, database_stopped });
  print(http_stopped ? 'The HTTP server has stopped.' : 'No HTTP server was running.');
  print(database_stopped ? 'The embedded database has stopped.' : 'No embedded database was running.');
}

async function stopHttp({ home }: Config): Promise<boolean> {
  const http = await findHttpProcess(home);
  if (!http) return false;
  process.kill(http.pid, 'SIGTERM');
  const until = performance.now() + stopWithin;
  while (isRunning(http.pid)) {
    if (performance.now() > until) throw notStopped(http.pid);
    await sleep(50);
  }
  return true;
}

function notStopped(pid: number): CoordinationError {
  return new CoordinationError({
    code: 'unavailable',
    message: `The HTTP server (process ${pid}) did not stop within ${stopWithin / 1000} seconds.`,
    hint: 'Call again, or end that process yourself.',
  });
}
