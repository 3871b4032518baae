import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { assertOwned } from './folder.ts';
import { type Place, port } from './place.ts';
import { type Postmaster, recordedPostmaster } from './postmaster.ts';

/**
 * The socket folder of a running server that a process has once found complete, else undefined. A logged-in
 * connection costs 8 ms, this less than one, and hooks ask at every edit.
 */
export async function verifiedSocketFolder(place: Place): Promise<string | undefined> {
  const postmaster = recordedPostmaster(place);
  if (!postmaster?.socketFolder || !postmaster.ready || noteOf(place) !== identityOf(postmaster)) return undefined;
  if (!(await accepts(`${postmaster.socketFolder}/.s.PGSQL.${port}`))) return undefined;
  assertOwned(postmaster.socketFolder, place.account, 0o700);
  return postmaster.socketFolder;
}

/** Notes that this run of the server has been found complete. */
export function noteVerified(place: Place): void {
  const postmaster = recordedPostmaster(place);
  if (postmaster) writeFileSync(notePath(place), identityOf(postmaster), { mode: 0o600 });
}

function identityOf({ pid, started }: Postmaster): string {
  return `${pid} ${started}`;
}

function noteOf(place: Place): string | undefined {
  try {
    return readFileSync(notePath(place), 'utf8');
  } catch {
    return undefined;
  }
}

function notePath({ base }: Place): string {
  return join(base, 'verified');
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
