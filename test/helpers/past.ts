import type { TestDatabase, TestSession } from './database.ts';

/** The session's last sign of life was longer ago than its lease, and than the two seconds in which it still holds. */
export async function lapse({ sql }: TestDatabase, { session_id }: Pick<TestSession, 'session_id'>): Promise<void> {
  await sql`
    update coord.sessions
    set lease_expires_at = clock_timestamp() - interval '3 seconds', fresh_until = '-infinity'
    where session_id = ${session_id}`;
}

/** The next call looks at the session's row again, as it does 5 s after the last look. */
export async function stopTrusting(
  { sql }: TestDatabase,
  { session_id }: Pick<TestSession, 'session_id'>,
): Promise<void> {
  await sql`
    update coord.sessions set fresh_until = clock_timestamp() - interval '1 second' where session_id = ${session_id}`;
}

/** The lock's time ran out a second ago. */
export async function expireLock({ sql }: TestDatabase, path: string): Promise<void> {
  await sql`update coord.locks set expires_at = clock_timestamp() - interval '1 second' where path = ${path}`;
}

/** The lease of the task's claim ran out a second ago. */
export async function expireClaim({ sql }: TestDatabase, task_id: string): Promise<void> {
  await sql`
    update coord.tasks set claim_expires_at = clock_timestamp() - interval '1 second' where task_id = ${task_id}`;
}
