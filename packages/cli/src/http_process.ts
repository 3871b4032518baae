import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writePrivate } from './files.ts';

/** The HTTP server of a home, as it noted itself down. */
export interface HttpProcess {
  pid: number;
  url: string;
}

const answerWithin = 2000;

/** The HTTP server of this home; undefined when none answers. */
export async function findHttpProcess(home: string): Promise<HttpProcess | undefined> {
  const noted = await read(home);
  return noted && isRunning(noted.pid) && (await pidAt(noted.url)) === noted.pid ? noted : undefined;
}

export async function noteHttpProcess(home: string, process: HttpProcess): Promise<void> {
  await writePrivate(fileOf(home), `${JSON.stringify(process)}\n`);
}

/** Removes the note, unless another process has written its own meanwhile. */
export async function forgetHttpProcess(home: string, pid: number): Promise<void> {
  if ((await read(home))?.pid === pid) await rm(fileOf(home), { force: true });
}

/** True while a process of that number exists. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The process that answers there. What was noted proves nothing: the number may have passed to another program. */
async function pidAt(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(answerWithin), redirect: 'error' });
    return ((await response.json()) as { pid?: number }).pid;
  } catch {
    return undefined;
  }
}

async function read(home: string): Promise<HttpProcess | undefined> {
  const text = await readIfThere(fileOf(home));
  try {
    const { pid, url } = JSON.parse(text ?? '') as Partial<HttpProcess>;
    return Number.isInteger(pid) && typeof url === 'string' ? { pid: Number(pid), url } : undefined;
  } catch {
    return undefined;
  }
}

const fileOf = (home: string) => join(home, 'http.json');
