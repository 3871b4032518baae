import { type Coordinator, coordinatorOver, type Transport } from '@agentcoord/contract';
import { type Database, type EmbeddedServer, localTransport, migrate, postgresDatabase } from '@agentcoord/core';
import postgres from 'postgres';

/** Connections of every pool that takes part, PostgREST's too. */
export const poolSize = 8;

export const project = 'bench';

/** Where a database of the run's server is. */
export type Connection = ReturnType<EmbeddedServer['connection']>;

/** A database with the schema, and workers with a session each. */
export interface Field extends AsyncDisposable {
  /** The raw side's pool; a superuser. */
  sql: postgres.Sql;
  /** Our side's pool. */
  database: Database;
  projectId: number;
  /** One for each worker, with a session of its own. */
  coordinators: readonly Coordinator[];
  /** Brings statistics and visibility of all tables up to date. */
  settle(): Promise<void>;
}

/** Migrates the database and registers the workers; disposing closes the connections. */
export async function openField(
  connection: Connection,
  workers: number,
  prepare?: (sql: postgres.Sql) => Promise<void>,
): Promise<Field> {
  await using cleanup = new AsyncDisposableStack();
  const sql = postgres({ ...connection, max: poolSize, fetch_types: false, onnotice: () => {} });
  cleanup.defer(() => sql.end({ timeout: 1 }));
  await prepare?.(sql);
  await migrate(connection);
  const database = postgresDatabase({ kind: 'embedded', connection, where: 'The database', pool: poolSize });
  cleanup.defer(() => database.close());
  const projectId = (await database.call('open_project', { p_name: project })) as number;
  const callers = Array.from({ length: workers }, (_, index) => callerOf(database, `worker-${index}`, 2));
  const coordinators = await Promise.all(callers.map(workerOver));
  const moved = cleanup.move();
  return {
    ...{ sql, database, projectId, coordinators },
    settle: () => settle(sql),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Calls as a local agent of the project. */
export function callerOf(database: Database, agent: string, trust: number): Transport {
  const label = trust === 4 ? { label: 'bench' } : {};
  return localTransport(database, project, { agent, agent_type: 'bench', trust, ...label });
}

async function workerOver(transport: Transport): Promise<Coordinator> {
  const { session_id } = await coordinatorOver(transport).registerSession();
  return coordinatorOver({
    invoke: (operation, input, options) => transport.invoke(operation, input, { ...options, session_id }),
  });
}

async function settle(sql: postgres.Sql): Promise<void> {
  const [row] = await sql<{ tables: string }[]>`
    select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables
    from pg_tables where schemaname in ('raw', 'coord', 'pgboss', 'graphile_worker')`;
  await sql.unsafe(`vacuum (analyze) ${row?.tables}`);
}
