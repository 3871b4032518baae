import { randomBytes } from 'node:crypto';
import { migrate } from '@agentcoord/core';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { connectionOf } from '../../packages/core/src/databases/url.ts';
import { migration, runGenerator } from '../../scripts/generated/index.ts';
import { startServer } from './servers.ts';
import { push } from './supabase_cli.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the superuser of the test server connects. */
    adminUrl: string;
    /** The migrated database that files clone; names of clones begin with it. */
    template: string;
  }
}

/** Starts the server for the whole run and migrates its template; what it returns takes both down again. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Tests migrate by the generated file: with an old one they would try what nobody edits any more.
  if (runGenerator([migration], 'npm run fix', true) !== 0)
    throw new Error('The migration is not current: `npm run fix`.');
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await startServer());
  const template = `coord_test_${randomBytes(4).toString('hex')}`;
  const admin = cleanup.adopt(adminOf(server.url), (sql) => sql.end({ timeout: 1 }));
  await createSupabaseRoles(admin);
  cleanup.defer(() => dropDatabases(admin, template));
  await admin.unsafe(`create database ${template}`);
  await checkStrictly(admin, template);
  await migrateTemplate(urlOf(server.url, template));
  project.provide('adminUrl', server.url);
  project.provide('template', template);
  const kept = cleanup.move();
  return () => kept.disposeAsync();
}

/** By the product, or with TEST_MIGRATOR=supabase by `supabase db push`, which needs a server on TCP. */
async function migrateTemplate(url: string): Promise<void> {
  if (process.env.TEST_MIGRATOR === 'supabase') await push(url);
  else await migrate(connectionOf(url));
}

/** The same server, another database. */
export function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = database;
  return url.href;
}

/** A client of the server's superuser. */
export function adminOf(url: string): postgres.Sql {
  const connection = connectionOf(url);
  const options = { max: 1, fetch_types: false, onnotice: () => {} };
  return typeof connection === 'string' ? postgres(connection, options) : postgres({ ...connection, ...options });
}

/** Makes checks of PL/pgSQL errors in that database; a clone does not inherit it. */
export async function checkStrictly(admin: postgres.Sql, database: string): Promise<void> {
  for (const setting of ['extra_errors', 'extra_warnings']) {
    await admin.unsafe(`alter database ${database} set plpgsql.${setting} = 'all'`);
  }
}

/** As Supabase's own image makes them; a server that has them keeps its own. */
const supabaseRoles = {
  anon: 'nologin noinherit',
  authenticated: 'nologin noinherit',
  service_role: 'nologin noinherit bypassrls',
  authenticator: 'login noinherit',
};

async function createSupabaseRoles(admin: postgres.Sql): Promise<void> {
  for (const [role, attributes] of Object.entries(supabaseRoles)) {
    const [known] = await admin`select from pg_roles where rolname = ${role}`;
    if (!known) await admin.unsafe(`create role ${role} ${attributes}`);
  }
  await admin`grant anon, authenticated, service_role to authenticator`;
}

async function dropDatabases(admin: postgres.Sql, template: string): Promise<void> {
  const left = await admin<
    { datname: string }[]
  >`select datname from pg_database where starts_with(datname, ${template})`;
  for (const { datname } of left) await admin.unsafe(`drop database if exists ${datname} with (force)`);
}
