import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { writeConfiguration } from './configuration.ts';
import { type Place, prepare } from './place.ts';
import { foreignProcess } from './postmaster.ts';
import { complaintsIn, run, surroundings } from './program.ts';

const maxLogBytes = 10 * 1024 * 1024;

/** Starts the server, creating the cluster first where there is none; returns why not when Postgres refuses. */
export async function start(place: Place, onProgress: (line: string) => void): Promise<string | undefined> {
  prepare(place);
  const binaries = await findBinaries(place);
  await writeConfiguration(place);
  await ensureCluster(place, binaries, onProgress);
  await rotateLog(place.log);
  onProgress('Starting Postgres');
  const foreign = foreignProcess(place);
  if (foreign !== undefined) return startBeside(place, join(binaries.folder, 'postgres'), foreign);
  const { succeeded, output } = await run(place, join(binaries.folder, 'pg_ctl'), [
    ...'start -w -s -t 30 -D cluster -l log/server.log -o'.split(' '),
    '-c config_file=postgresql.conf',
  ]);
  return succeeded ? undefined : ((await lastComplaint(place.log)) ?? output);
}

/**
 * Starts the server although its pid file names a living process that is none: after a crash, the number may have
 * passed to any process of the same user. Postgres skips a grandparent's pid and still looks for shared memory in use,
 * which deleting the file would prevent. pg_ctl sets that variable itself, hence without it.
 */
async function startBeside(place: Place, program: string, foreign: number): Promise<string | undefined> {
  const { env, ...options } = surroundings(place);
  const script = 'exec "$0" -D cluster -c config_file=postgresql.conf </dev/null >>log/server.log 2>&1';
  const child = spawn('/bin/sh', ['-c', `umask 077; ${script}`, program], {
    ...options,
    env: { ...env, PG_GRANDPARENT_PID: String(foreign) },
    stdio: 'ignore',
  });
  await once(child, 'spawn');
  const exited = once(child, 'exit').then(() => true);
  while (foreignProcess(place) === foreign) {
    const pause = new Promise<false>((resolve) => setTimeout(resolve, 25, false));
    if (await Promise.race([exited, pause])) return lastComplaint(place.log);
  }
  child.unref();
  return undefined;
}

async function rotateLog(log: string): Promise<void> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size > maxLogBytes) await rename(log, `${log}.1`);
}

async function lastComplaint(log: string): Promise<string | undefined> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return complaintsIn(text).at(-1);
}
