import postgres from 'postgres';
import { callTimeout } from '../database.ts';
import { within } from '../deadline.ts';
import { unavailable } from '../failure.ts';
import { type Migration, readMigrations } from './folder.ts';
import { errorOfMigration, refusalOf, whereIs } from './refusals.ts';
import { type SchemaState, schemaState } from './state.ts';

/** What the `postgres` driver connects with: a URL or its options. */
export type ConnectionOptions = string | postgres.Options<Record<string, postgres.PostgresType>>;

/** What `migrate` may be told. */
export interface MigrateOptions {
  /** Called before each migration is applied. */
  onProgress?: (migration: Pick<Migration, 'version' | 'name'>) => void;
  /** Where the files are; those of this version when left out. */
  folder?: string;
}

/** Key of the advisory lock; any constant that nobody else uses in this database does. */
const lockKey = '6005443220261121';

/** Longest wait for others who migrate the same database. */
const turnTimeout = '60s';

/** Milliseconds after which a migration counts as lost: the network may have gone while it ran. */
const migrationTimeout = 300_000;

/** Longest wait of a migration for a table that others use, so that it never queues the whole service behind it. */
const lockTimeout = '3s';

/**
 * Brings the database up to this version and returns the versions it applied; nothing is locked when there are none.
 * Shares its history with the Supabase CLI. Any number of processes may call it at once. Throws `CoordinationError`:
 * `conflict` for a newer or changed schema, `forbidden` for a role without the rights, `unavailable` when out of reach.
 */
export async function migrate(connection: ConnectionOptions, options: MigrateOptions = {}): Promise<string[]> {
  const migrations = await readMigrations(options.folder);
  const sql = connect(connection);
  const applied: string[] = [];
  let current: Migration | undefined;
  try {
    while ((await stateOf(sql, migrations)).state !== 'current') {
      current = undefined;
      const applying = sql.begin((transaction) =>
        applyNext(transaction, migrations, (migration) => {
          current = migration;
          options.onProgress?.(migration);
        }),
      );
      const next = await within(migrationTimeout, applying, () => unavailable(whereIs(sql.options)));
      if (next) applied.push(next.version);
    }
    return applied;
  } catch (error) {
    throw errorOfMigration(error, sql.options, current);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Makes sure that the schema is the one this version needs, and changes nothing. Throws as `migrate` does. */
export async function checkSchema(connection: ConnectionOptions): Promise<void> {
  const sql = connect(connection);
  try {
    const refusal = refusalOf(await stateOf(sql, await readMigrations()), false);
    if (refusal) throw refusal;
  } catch (error) {
    throw errorOfMigration(error, sql.options, undefined);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** As `schemaState`, but a server that does not answer, or a history that somebody has locked, is no reason to wait. */
function stateOf(sql: postgres.Sql, migrations: readonly Migration[]): Promise<SchemaState> {
  return within(callTimeout, schemaState(sql, migrations), () => unavailable(whereIs(sql.options)));
}

function connect(connection: ConnectionOptions): postgres.Sql {
  const mine = {
    max: 1,
    connect_timeout: 4,
    prepare: false,
    fetch_types: false,
    // The driver prints notices to stdout otherwise, which belongs to JSON-RPC in an MCP server.
    onnotice: () => {},
  };
  return typeof connection === 'string' ? postgres(connection, mine) : postgres({ ...connection, ...mine });
}

/**
 * Applies the oldest missing migration with its history row, in the given transaction; undefined when others were
 * faster. The lock is the transaction's own: a session's lock would not survive a transaction pooler.
 */
async function applyNext(
  sql: postgres.TransactionSql,
  migrations: readonly Migration[],
  onStart: (migration: Migration) => void,
): Promise<Migration | undefined> {
  await sql.unsafe(`set local statement_timeout = 0; set local lock_timeout = '${turnTimeout}'`).simple();
  await sql.unsafe(`select pg_advisory_xact_lock(${lockKey})`);
  await sql.unsafe(`set local lock_timeout = '${lockTimeout}'`);
  await createHistory(sql);
  const state = await schemaState(sql, migrations);
  const refusal = refusalOf(state);
  if (refusal) throw refusal;
  const next = migrations.find(({ version }) => !state.applied.includes(version));
  if (!next) return undefined;
  onStart(next);
  await sql.unsafe(next.text).simple();
  await sql`insert into supabase_migrations.schema_migrations (version, name, statements)
            values (${next.version}, ${next.name}, array[${next.text}::text])`;
  return next;
}

/** Column for column what the Supabase CLI creates. Looks first, for `if not exists` asks for the right to create. */
async function createHistory(sql: postgres.TransactionSql): Promise<void> {
  const [found] = await sql<{ schema: string | null; table: string | null }[]>`
    select to_regnamespace('supabase_migrations')::text as schema,
           to_regclass('supabase_migrations.schema_migrations')::text as table`;
  if (!found?.schema) await sql.unsafe('create schema supabase_migrations');
  if (found?.table) return;
  await sql.unsafe(
    'create table supabase_migrations.schema_migrations (version text not null primary key, statements text[], name text)',
  );
}
