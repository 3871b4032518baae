import { createHash } from 'node:crypto';
import { existsSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refusal } from './refusal.ts';

/** Holds what an unprivileged server of root needs and cannot reach elsewhere. */
export const systemFolder = '/var/lib/agentcoord';

/** Where the data of a home lies that the server cannot enter; undefined while that has not been settled. */
export function outsideOf(home: string): string | undefined {
  const target = readLink(linkIn(home));
  if (target === undefined || dirname(target) === systemFolder) return target;
  throw refusal(
    'forbidden',
    `${linkIn(home)} points to ${target}, which is not in ${systemFolder}.`,
    'Remove the link, after a look at who could have made it, or set AGENTCOORD_HOME to another folder.',
  );
}

/**
 * Where it will lie. What is left of a home that was deleted is not taken for its successor's, so the folder is a new
 * one. The link is made before its folder: whoever finds the folder here without it, and looks again, finds it, so that
 * processes which start at once choose the same.
 */
export function newOutside(home: string): string {
  const first = join(systemFolder, digest(home));
  let folder = first;
  for (let number = 2; existsSync(folder); number++) folder = `${first}-${number}`;
  return outsideOf(home) ?? folder;
}

/** Folders of homes that were deleted, and lay where this one does. */
export function formerOutsides(home: string, base: string): string[] {
  const first = join(systemFolder, digest(home));
  const former: string[] = [];
  for (let [number, folder] = [2, first]; existsSync(folder); folder = `${first}-${number++}`) {
    if (folder !== base) former.push(folder);
  }
  return former;
}

/** Settles it: the home says itself where its data is, and whoever deletes the one begins anew. */
export function settleOutside(home: string, base: string): void {
  if (outsideOf(home) === base) return;
  try {
    symlinkSync(base, linkIn(home));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (outsideOf(home) === base) return;
    throw refusal('unavailable', `Another process has settled where the data of ${home} lies.`, 'Call again.', error);
  }
}

export function digest(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12);
}

const linkIn = (home: string) => join(home, 'postgres');

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
