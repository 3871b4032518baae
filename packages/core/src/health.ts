import type { Database } from './database.ts';

/** What a database says of itself; see `coord.database_health`. */
export interface Health {
  now: string;
  server_version: string;
  schema_version: string;
  settings: Record<'fsync' | 'full_page_writes' | 'synchronous_commit', string>;
  oldest_transaction_seconds: number;
  /** When somebody last swept; null for never. */
  swept_at: string | null;
  /** Sessions that should have been swept half a minute ago. */
  lapsed_sessions: number;
  /** Claims that should have been given back half a minute ago. */
  lapsed_claims: number;
  /** Tasks of all projects that are not tried again by themselves; counted to 10,000. */
  failed_tasks: number;
  /** What the journal takes on disk, with its indexes. */
  journal_bytes: number;
  /** For how long the oldest row of the journal that has no seal has been waiting for one. */
  unsealed_seconds: number;
}

export async function healthOf(database: Database): Promise<Health> {
  return (await database.call('database_health', {})) as Health;
}

/** What must never be, by name, with how often it is; see `coord.count_violations`. */
export async function countViolations(database: Database): Promise<Record<string, number>> {
  return (await database.call('count_violations', {})) as Record<string, number>;
}
