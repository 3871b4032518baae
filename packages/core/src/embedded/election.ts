import { type FileHandle, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './postmaster.ts';

/** How often a starter says that it is still at it. */
const touchEvery = 1_000;

/** A starter that has not said so for longer has failed, or was stopped, whatever its process looks like. */
const maxAge = 4_000;

/**
 * Elects the process that starts the server: holds the file, or returns undefined when another does. It saves work and
 * noise only; that there is one server, Postgres and the rename of the cluster decide.
 */
export async function electStarter(home: string): Promise<AsyncDisposable | undefined> {
  const path = join(home, 'starter.lock');
  const file = await openExclusive(path);
  if (!file) {
    if (await isStale(path)) await rm(path, { force: true });
    return undefined;
  }
  try {
    await file.writeFile(String(process.pid));
  } finally {
    await file.close();
  }
  const timer = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), touchEvery);
  return {
    [Symbol.asyncDispose]() {
      clearInterval(timer);
      return rm(path, { force: true });
    },
  };
}

async function openExclusive(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    const pid = Number(await readFile(path, 'utf8'));
    return Date.now() - mtimeMs > maxAge || (pid > 0 && !isAlive(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
