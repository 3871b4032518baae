import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import type { Account } from './account.ts';
import { refusal } from './refusal.ts';

/** Creates the folder for its owner, or makes sure that an existing one is real, the owner's and no wider than `mode`. */
export function ownFolder(path: string, owner: Account, mode: number): void {
  try {
    mkdirSync(path, { mode });
    chmodSync(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = lstatSync(path);
  // Made by root a moment ago, here or in a process beside this one.
  if (found.isDirectory() && found.uid === 0 && owner.uid !== 0) chownSync(path, owner.uid, owner.gid);
  assertOwned(path, owner, mode);
}

/** Throws unless the path is a real folder of this owner and no wider than `mode`. */
export function assertOwned(path: string, { uid }: Account, mode: number): void {
  const found = lstatSync(path);
  const problem = !found.isDirectory()
    ? 'is not a folder'
    : found.uid !== uid
      ? `belongs to another user (uid ${found.uid} instead of ${uid})`
      : (found.mode & 0o777 & ~mode) !== 0
        ? `is open to others (mode ${(found.mode & 0o777).toString(8)} instead of ${mode.toString(8)})`
        : undefined;
  if (problem === undefined) return;
  throw refusal(
    'forbidden',
    `The embedded Postgres does not use ${path}: it ${problem}.`,
    found.isDirectory() && found.uid === uid
      ? `Run \`chmod ${mode.toString(8)} '${path}'\`, after a look at who could have changed it.`
      : 'Run as the user it belongs to, move it away, or set AGENTCOORD_HOME to another folder.',
  );
}
