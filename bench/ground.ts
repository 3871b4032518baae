import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Coordinator, coordinatorOver, type Transport } from '@agentcoord/contract';
import {
  type Database,
  type EmbeddedServer,
  ensureServer,
  localTransport,
  migrate,
  postgresDatabase,
  stopServer,
} from '@agentcoord/core';
import postgres from 'postgres';

/** Connections of every pool that takes part, PostgREST's too. */
export const poolSize = 8;

/** Most workers at once. */
export const maxWorkers = 32;

const project = 'bench';

/** A server of its own for the time of a run, with Postgres' durable defaults, the schema and the raw functions. */
export interface Ground extends AsyncDisposable {
  server: EmbeddedServer;
  /** The raw side's pool. */
  sql: postgres.Sql;
  /** Our side's pool. */
  database: Database;
  projectId: number;
  /** Calls as an administrator. */
  administrator: Transport;
  /** One for each worker, with a session of its own. */
  coordinators: readonly Coordinator[];
  /** Brings statistics and visibility of all tables up to date. */
  settle(): Promise<void>;
}

/** Starts the server and opens what every group needs; disposing stops the server and removes its files. */
export async function openGround(): Promise<Ground> {
  await using cleanup = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'agentcoord-bench-'));
  cleanup.defer(() => rm(home, { recursive: true, force: true }));
  const server = await ensureServer(home);
  cleanup.defer(() => removeServer(server));
  const connection = server.connection();
  const sql = postgres({ ...connection, max: poolSize, fetch_types: false, onnotice: () => {} });
  cleanup.defer(() => sql.end({ timeout: 1 }));
  // Before the migration, which gives them their rights, as on Supabase.
  await sql.unsafe('create role anon nologin; create role service_role nologin bypassrls').simple();
  await migrate(connection);
  await sql.unsafe(await readFile(new URL('raw.sql', import.meta.url), 'utf8')).simple();
  const database = postgresDatabase({ kind: 'embedded', connection, where: 'The database', pool: poolSize });
  cleanup.defer(() => database.close());
  const as = (agent: string, trust: number, label?: string) =>
    localTransport(database, project, { agent, agent_type: 'bench', trust, ...(label ? { label } : {}) });
  const kept = {
    ...{ server, sql, database, administrator: as('administrator', 4, 'bench') },
    projectId: (await database.call('open_project', { p_name: project })) as number,
    coordinators: await Promise.all(
      Array.from({ length: maxWorkers }, (_, index) => workerOver(as(`worker-${index}`, 2))),
    ),
    settle: () => settle(sql),
  };
  const moved = cleanup.move();
  return { ...kept, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function workerOver(transport: Transport): Promise<Coordinator> {
  const { session_id } = await coordinatorOver(transport).registerSession();
  return coordinatorOver({
    invoke: (operation, input, options) => transport.invoke(operation, input, { ...options, session_id }),
  });
}

async function removeServer({ home, cluster, socketFolder }: EmbeddedServer): Promise<void> {
  await stopServer(home);
  for (const folder of [dirname(cluster), socketFolder]) await rm(folder, { recursive: true, force: true });
}

async function settle(sql: postgres.Sql): Promise<void> {
  const [row] = await sql<{ tables: string }[]>`
    select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables
    from pg_tables where schemaname in ('raw', 'coord')`;
  await sql.unsafe(`vacuum (analyze) ${row?.tables}`);
}
