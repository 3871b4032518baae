import { expect } from 'vitest';
import type { TestDatabase, TestSession } from './database.ts';

/** An answer, how long it took, and when it came. */
export interface Timed<Answer> {
  answer: Answer;
  seconds: number;
  at: number;
}

export async function timed<Answer>(call: Promise<Answer>): Promise<Timed<Answer>> {
  const begun = performance.now();
  const answer = await call;
  const at = performance.now();
  return { answer, seconds: (at - begun) / 1000, at };
}

/** Process ids of the connections that listen, in this database. */
export async function listeners({ sql }: TestDatabase): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and query ilike 'listen%' order by pid`;
  return rows.map(({ pid }) => pid);
}

/** Resolves once so many processes listen, which they do while somebody in them waits, and some seconds longer. */
export async function untilListening(db: TestDatabase, processes: number): Promise<void> {
  await expect.poll(() => listeners(db), { timeout: 15_000 }).toHaveLength(processes);
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

let held = 0;

/** A path that the session has locked. */
export async function heldPath(session: TestSession): Promise<string> {
  const path = `held-${++held}.ts`;
  await session.acquireLock({ paths: [path] });
  return path;
}
