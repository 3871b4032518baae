import { CoordinationError } from '@agentcoord/contract';
import { signingKey } from './audit/signing_key.ts';
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import { postgresDatabase } from './databases/postgres.ts';
import { connectionOf, isPooled } from './databases/url.ts';
import { ensureServer } from './embedded/index.ts';
import { type ConnectionOptions, checkSchema, type MigrateOptions, migrate } from './migrations/index.ts';
import { tokenSigner } from './read_tokens.ts';

export interface OpenOptions {
  /** Connections at most; a process that serves one agent needs few. */
  pool?: number;
  /** False for who only looks: a schema that is missing or behind is then refused instead of migrated. Default true. */
  migrate?: boolean;
  /** Told in a line what takes time at a first start. */
  onProgress?: (line: string) => void;
}

/**
 * Opens the configured database, with its schema up to date: Supabase, else `DATABASE_URL`, else the embedded server.
 * Throws `CoordinationError`. With `AGENTCOORD_FALLBACK=embedded`, a configured database that is away now is replaced
 * by the embedded one until the process ends, and every answer says `degraded: true`.
 */
export async function openDatabase(config: Config, options: OpenOptions = {}): Promise<Database> {
  const database = await openConfigured(config, options);
  const { jwt_secret, policy_engine } = config;
  const signing = {
    signingKey: () => signingKey(config),
    ...(jwt_secret === undefined ? {} : { signToken: tokenSigner(jwt_secret) }),
  };
  if (policy_engine !== 'cedar') return { ...database, ...signing };
  const { cedarEngine } = await import('./policies/index.ts');
  return { ...database, ...signing, policies: cedarEngine(database) };
}

async function openConfigured(config: Config, options: OpenOptions): Promise<Database> {
  if (!config.supabase_url && !config.database_url) return openEmbedded(config, options);
  try {
    return config.supabase_url ? await openSupabase(config) : await openPostgres(config, options);
  } catch (error) {
    const away = error instanceof CoordinationError && error.code === 'unavailable';
    if (!away || config.fallback !== 'embedded') throw error;
    options.onProgress?.('The configured database is away: using the embedded one (AGENTCOORD_FALLBACK).');
    return degraded(await openEmbedded(config, options));
  }
}

async function openEmbedded(config: Config, options: OpenOptions): Promise<Database> {
  const server = await ensureServer(config.home, options);
  const connection = server.connection('agentcoord');
  await prepareSchema(connection, options, () => 'Creating the schema.');
  return postgresDatabase({
    ...options,
    kind: 'embedded',
    connection,
    where: 'The embedded database',
    revive: async () => {
      await ensureServer(config.home, { explicit: false });
    },
  });
}

async function openPostgres(config: Config, options: OpenOptions): Promise<Database> {
  const url = config.database_url as string;
  const connection = connectionOf(url);
  await prepareSchema(connection, options, ({ name }) => `Applying migration ${name}.`).catch((error: unknown) => {
    if (!(error instanceof CoordinationError) || error.code !== 'unavailable') throw error;
    const hint =
      'Check that Postgres runs there, and DATABASE_URL. If it has only gone away, wait a few seconds and call again.';
    throw new CoordinationError({ ...error.toJSON().error, hint }, { cause: error });
  });
  const { hostname, pathname } = new URL(url);
  return postgresDatabase({
    ...options,
    kind: 'postgres',
    connection,
    pooled: isPooled(url),
    where: `The database ${pathname.slice(1)} at ${hostname || 'localhost'}`,
  });
}

async function prepareSchema(
  connection: ConnectionOptions,
  options: OpenOptions,
  lineOf: (migration: Parameters<NonNullable<MigrateOptions['onProgress']>>[0]) => string,
): Promise<void> {
  if (options.migrate === false) await checkSchema(connection);
  else await migrate(connection, { onProgress: (migration) => options.onProgress?.(lineOf(migration)) });
}

/** Supabase is migrated by its own CLI; here it is only asked whether that has happened. */
async function openSupabase(config: Config): Promise<Database> {
  const { supabaseDatabase } = await import('./databases/supabase.ts');
  const database = supabaseDatabase(config.supabase_url as string, config.supabase_key as string);
  await database.call('schema_version', {});
  return database;
}

function degraded(database: Database): Database {
  return {
    ...database,
    call: async (name, args) => {
      const answer = await database.call(name, args);
      return typeof answer === 'object' && answer !== null ? { ...answer, degraded: true } : answer;
    },
  };
}
