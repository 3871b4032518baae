import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';

/** What the server wrote about itself into its pid file. */
export interface Postmaster {
  pid: number;
  /** When it started, in seconds; tells two runs of the same pid apart. */
  started: string;
  ready: boolean;
  socketFolder: string | undefined;
}

/** Reads the pid file; it may be left over from a crash, and the pid may be somebody else's by now. */
export function recordedPostmaster({ cluster }: Place): Postmaster | undefined {
  try {
    const [first, , started = '', , socketFolder, , , status = ''] = readFileSync(
      join(cluster, 'postmaster.pid'),
      'utf8',
    ).split('\n');
    const pid = Number(first);
    if (!Number.isInteger(pid) || pid <= 0) return undefined;
    return { pid, started, ready: status.trim() === 'ready', socketFolder: socketFolder || undefined };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Whether a process of this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The living process the pid file names, when it certainly is not this cluster's server. */
export function foreignProcess(place: Place): number | undefined {
  const pid = recordedPostmaster(place)?.pid;
  if (pid === undefined || !isAlive(pid)) return undefined;
  return isServerOf(place, pid) ? undefined : pid;
}

/** A server works inside its cluster; where that cannot be seen, its name has to do. In doubt: yes. */
function isServerOf({ cluster }: Place, pid: number): boolean {
  if (process.platform === 'linux') {
    try {
      const [there, here] = [statSync(`/proc/${pid}/cwd`), statSync(cluster)];
      return there.ino === here.ino && there.dev === here.dev;
    } catch (error) {
      // A zombie has no working folder; it lasts as long as a container's first process does not reap it.
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    }
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
  return status !== 0 || /(^|\/)postgres$/.test(stdout.trim());
}
