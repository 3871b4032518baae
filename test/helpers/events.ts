import { expect } from 'vitest';
import { projectId } from './callers.ts';
import type { TestDatabase, TestSession } from './database.ts';

export type Events = Awaited<ReturnType<TestSession['listEvents']>>['events'];

export const names = (events: Events) => events.map(({ operation, subjects }) => `${operation} ${subjects.join(' ')}`);

/** Resolves once nothing is kept back: a transaction that notifies or so may be passed by another in commit. */
export async function untilSettled(db: TestDatabase, project: string): Promise<void> {
  const project_id = await projectId(db, project);
  const isSettled = async () =>
    (await db.sql`select coord._event_delay(${project_id}, coord._horizon(true)) is null as is_settled`)[0]?.is_settled;
  await expect.poll(isSettled).toBe(true);
}
