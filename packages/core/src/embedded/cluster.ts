import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isRoot } from './account.ts';
import type { Binaries } from './binaries.ts';
import { superuser } from './configuration.ts';
import { ownFolder } from './folder.ts';
import { formerOutsides } from './outside.ts';
import type { Place } from './place.ts';
import { isAlive } from './postmaster.ts';
import { complaintsIn, run } from './program.ts';
import { refusal } from './refusal.ts';

/** Makes sure that there is a cluster these binaries can run. */
export async function ensureCluster(
  place: Place,
  binaries: Binaries,
  onProgress: (line: string) => void,
): Promise<void> {
  await removeLeftovers(place);
  if (!existsSync(join(place.cluster, 'PG_VERSION'))) {
    onProgress(`Creating the database in ${place.cluster}`);
    const former = isRoot() ? formerOutsides(place.home, place.base) : [];
    if (former.length > 0) onProgress(`A home that was deleted here has left its data in ${former.join(', ')}`);
    await createCluster(place, binaries);
  }
  await assertUsable(place, binaries);
}

/** Throws, with what to do, when the cluster is of another major version or another user. */
export async function assertUsable({ cluster, account }: Place, { major }: Binaries): Promise<void> {
  const { uid } = await stat(cluster);
  if (uid !== account.uid) {
    throw refusal(
      'forbidden',
      `The data folder ${cluster} belongs to another user (uid ${uid} instead of ${account.uid}).`,
      'Run as the user it belongs to, give the folder back with chown, or set AGENTCOORD_HOME to another folder.',
    );
  }
  const found = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (found === major) return;
  throw refusal(
    'conflict',
    `The data folder ${cluster} was written by Postgres ${found}; this version of Agent Coordinator runs ${major}.`,
    `To keep the data, move it with pg_dump of a Postgres ${found} or go back to the version that wrote it; ` +
      'to start afresh, move the folder away and call again.',
  );
}

/** Built aside and renamed into place: two at once, or one that is killed half-way, cannot spoil it. */
async function createCluster(place: Place, { folder }: Binaries): Promise<void> {
  const temporary = `${place.cluster}.${process.pid}.new`;
  ownFolder(temporary, place.account, 0o700);
  try {
    const authentication = ['--auth-local=peer', '--auth-host=reject'];
    const args = ['-D', basename(temporary), '-U', superuser, '-E', 'UTF8', '--locale=C', '--data-checksums'];
    const { succeeded, output } = await run(place, join(folder, 'initdb'), [
      ...args,
      ...authentication,
      '--no-instructions',
    ]);
    if (!succeeded) throw initdbFailed(output);
    await moveIntoPlace(temporary, place);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function moveIntoPlace(temporary: string, { cluster, base }: Place): Promise<void> {
  try {
    await rename(temporary, cluster);
  } catch (error) {
    if (existsSync(join(cluster, 'PG_VERSION'))) return;
    throw refusal(
      'conflict',
      `${cluster} is in the way: it is not empty, and not a Postgres data folder.`,
      'Move it away and call again.',
      error,
    );
  }
  await using parent = await open(base, 'r');
  await parent.sync();
}

/** An initdb that outlives its killed starter may still be writing; what cannot be removed goes at the next start. */
async function removeLeftovers({ base }: Place): Promise<void> {
  for (const name of await readdir(base)) {
    const maker = /^cluster\.(\d+)\.new$/.exec(name)?.[1];
    if (!maker || isAlive(Number(maker))) continue;
    await rm(join(base, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function initdbFailed(output: string) {
  return refusal(
    'unavailable',
    `The database could not be created: ${complaintsIn(output)[0] ?? output.slice(-300)}`,
    'Remove the reason and call again: nothing was left behind. Or set DATABASE_URL to a Postgres server.',
  );
}
