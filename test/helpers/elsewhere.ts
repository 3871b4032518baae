import { type Coordinator, coordinatorOver } from '@agentcoord/contract';
import { type Database, localTransport, type PostgresOptions, postgresDatabase } from '@agentcoord/core';
import type { TestDatabase } from './database.ts';

/** Connections of their own, as another process has them, with one caller. */
export interface Elsewhere extends AsyncDisposable {
  database: Database;
  bob: Coordinator;
  /** Arguments of the calls that reached the database, by function. */
  asked: Map<string, Record<string, unknown>[]>;
}

export function elsewhere(db: TestDatabase, options: Partial<PostgresOptions> = {}): Elsewhere {
  const inner = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'Elsewhere', ...options });
  const asked = new Map<string, Record<string, unknown>[]>();
  const database: Database = {
    ...inner,
    call(name, args) {
      asked.set(name, [...(asked.get(name) ?? []), args]);
      return inner.call(name, args);
    },
  };
  const transport = localTransport(database, 'test', { agent: 'bob', agent_type: 'test', trust: 2, label: 'bob' });
  return { database, asked, bob: coordinatorOver(transport), [Symbol.asyncDispose]: () => database.close() };
}

/** How often the database was asked that. */
export const asks = ({ asked }: Elsewhere, name: string) => asked.get(name)?.length ?? 0;
