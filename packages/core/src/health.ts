import type { Database } from './database.ts';

/** What a database says of itself; see `coord.database_health`. */
export interface Health {
  now: string;
  server_version: string;
  schema_version: string;
  settings: Record<'fsync' | 'full_page_writes' | 'synchronous_commit', string>;
  oldest_transaction_seconds: number;
  /** Sessions that should have been swept half a minute ago. */
  lapsed_sessions: number;
}

export async function healthOf(database: Database): Promise<Health> {
  return (await database.call('database_health', {})) as Health;
}
