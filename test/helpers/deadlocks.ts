import { setTimeout as pause } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';

/** How many calls waited for each other, until Postgres ended one of them, which core then repeated. */
export async function deadlocksIn(db: TestDatabase): Promise<number> {
  // A backend tells what it counted within a second, or when it ends.
  await pause(1100);
  const [row] = await db.sql<{ deadlocks: number }[]>`
    select deadlocks::integer from pg_stat_database where datname = current_database()`;
  return row?.deadlocks ?? 0;
}
