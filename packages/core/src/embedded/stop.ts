import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findBinaries } from './binaries.ts';
import { type Place, placeOf } from './place.ts';
import { probe } from './probe.ts';
import { run } from './program.ts';
import { refusal, refusalOfFile } from './refusal.ts';

/** Stops the server of a home and keeps processes that are still running from starting it again; true if it ran. */
export async function stopServer(home: string): Promise<boolean> {
  const place = placeOf(home);
  if (!existsSync(place.home)) return false;
  try {
    await writeFile(markerOf(place.home), 'Start with `agentcoord up`.\n', { mode: 0o600 });
  } catch (error) {
    throw refusalOfFile(error, place.home);
  }
  // Only a server that answers: the pid file of a dead one may name an innocent process.
  if ((await probe(place)).state === 'down') return false;
  await stopPostmaster(place);
  return true;
}

async function stopPostmaster(place: Place): Promise<void> {
  const { folder } = await findBinaries(place);
  const { succeeded, output } = await run(place, join(folder, 'pg_ctl'), 'stop -m fast -w -s -D cluster'.split(' '));
  if (succeeded || (await probe(place)).state === 'down') return;
  throw refusal('unavailable', `Postgres did not stop: ${output}`, `Look at its log, ${place.log}, and call again.`);
}

/** Takes back what `stopServer` left for other processes. */
export async function permitStart(home: string): Promise<void> {
  await rm(markerOf(home), { force: true });
}

/** True after `stopServer`, until somebody starts the server on purpose. */
export function isStopped(home: string): boolean {
  return existsSync(markerOf(home));
}

/** Throws when the server was stopped on purpose. */
export function assertNotStopped(home: string): void {
  if (!isStopped(home)) return;
  throw refusal(
    'unavailable',
    'The embedded Postgres was stopped with `agentcoord down`.',
    'Start it with `agentcoord up` and call again.',
  );
}

function markerOf(home: string): string {
  return join(home, 'stopped');
}
