import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openDatabase, readConfig, schemaState } from '@agentcoord/core';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaFiles } from '../scripts/generated/migration.ts';
import { root } from '../scripts/generated/root.ts';
import { dumpCatalogue } from './helpers/catalogue_dump.ts';
import { Databases } from './helpers/databases.ts';
import { startMigrator } from './helpers/migrators.ts';
import { startTcpServer, type TcpServer } from './helpers/tcp_server.ts';

const historyTable = 'supabase_migrations.schema_migrations';
let server: TcpServer | undefined;
let databases: Databases;
const folders: string[] = [];

beforeAll(async () => {
  if (!process.env.TEST_DATABASE_URL) server = await startTcpServer();
  databases = new Databases(process.env.TEST_DATABASE_URL ?? (server as TcpServer).url);
}, 60_000);

afterAll(async () => {
  await databases?.remove();
  await server?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of migrations, a text a migration. */
function folderOf(...texts: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'coord-migrations-'));
  folders.push(folder);
  texts.forEach((text, index) => {
    writeFileSync(join(folder, `2026010100000${index}_agentcoord_step.sql`), text);
  });
  return folder;
}

async function tablesOf(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select format('%s.%s', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by name`;
  return rows.map(({ name }) => name);
}

describe('migrate', () => {
  test('brings an empty database to the current state, and then finds nothing to do', async () => {
    const url = await databases.create();
    const sql = databases.connect(url);
    expect((await schemaState(sql)).state).toBe('empty');
    const steps: string[] = [];
    const { known } = await schemaState(sql);
    expect(await migrate(url, { onProgress: ({ version }) => steps.push(version) })).toEqual(known);
    expect(steps).toEqual(known);
    expect(await schemaState(sql)).toEqual({ applied: known, known, state: 'current' });
    expect(await migrate(url)).toEqual([]);
  });

  test('every function passes all checks of plpgsql', async () => {
    const url = new URL(await databases.create());
    url.searchParams.set('plpgsql.extra_errors', 'all');
    await migrate(url.href);
  });

  test('twenty processes at once migrate once', async () => {
    const url = await databases.create();
    const migrators = await Promise.all(Array.from({ length: 20 }, () => startMigrator(url)));
    const answers = await Promise.all(migrators.map((migrator) => migrator.go()));
    const { known, applied, state } = await schemaState(databases.connect(url));
    expect(state).toBe('current');
    expect(applied).toEqual(known);
    expect(answers.flat().sort()).toEqual(known);
  }, 60_000);

  test('applies only what is missing, oldest first', async () => {
    const url = await databases.create();
    const sql = databases.connect(url);
    await migrate(url, { folder: folderOf('create table first (a int)') });
    const folder = folderOf(
      'create table first (a int)',
      'create table second (a int)',
      'alter table second add b int',
    );
    expect(await migrate(url, { folder })).toEqual(['20260101000001', '20260101000002']);
    expect(await tablesOf(sql)).toEqual(['public.first', 'public.second', historyTable]);
  });

  test('refuses a database that a newer version has migrated, and changes nothing', async () => {
    const url = await databases.create();
    const sql = databases.connect(url);
    await migrate(url, { folder: folderOf('create table first (a int)', 'create table second (a int)') });
    const refusal = migrate(url, { folder: folderOf('create table first (a int)') });
    await expect(refusal).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('20260101000001'),
      hint: expect.stringContaining('Upgrade this agentcoord'),
    });
    expect((await sql.unsafe(`select from ${historyTable}`)).length).toBe(2);
  });

  test("leaves other people's migrations in the shared history alone", async () => {
    const url = await databases.create();
    const sql = databases.connect(url);
    const folder = folderOf('create table first (a int)');
    await migrate(url, { folder });
    await sql.unsafe(`insert into ${historyTable} (version, name) values ('20990101000000', 'their_own')`);
    expect(await migrate(url, { folder })).toEqual([]);
  });

  test('refuses a database whose migration has been edited since', async () => {
    const url = await databases.create();
    await migrate(url, { folder: folderOf('create table first (a int)') });
    const edited = migrate(url, { folder: folderOf('create table first (a bigint)') });
    await expect(edited).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('empty database') });
  });

  test('a migration that fails leaves nothing and names the file', async () => {
    const url = await databases.create();
    const folder = folderOf('create table first (a int)', 'create table second (a int); select 1 / 0');
    await expect(migrate(url, { folder })).rejects.toMatchObject({
      code: 'internal',
      message: 'Migration 20260101000001_agentcoord_step failed: division by zero.',
    });
    expect(await tablesOf(databases.connect(url))).toEqual(['public.first', historyTable]);
  });

  test('a process killed half-way leaves nothing, and the next one can start', async () => {
    const url = await databases.create();
    const [holder, sql] = [databases.connect(url), databases.connect(url)];
    await holder`select pg_advisory_lock(1)`;
    const folder = folderOf('create table first (a int); select pg_advisory_xact_lock(1)');
    const migrator = await startMigrator(url, folder);
    const ended = migrator.go().catch((error: Error) => error.message);
    const waiting = async () =>
      (
        await sql`select from pg_locks l join pg_database d on d.oid = l.database
                 where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`
      ).length;
    await expect.poll(waiting).toBe(1);
    migrator.kill();
    expect(await ended).toContain('SIGKILL');
    await holder`select pg_advisory_unlock(1)`;
    const others = async () =>
      (await sql`select from pg_stat_activity where datname = current_database() and query like 'create table%'`)
        .length;
    await expect.poll(others).toBe(0);
    expect(await tablesOf(sql)).toEqual([]);
    expect(await migrate(url, { folder })).toEqual(['20260101000000']);
  }, 20_000);

  test('waits at most three seconds for a table that others use', async () => {
    const url = await databases.create();
    const sql = databases.connect(url);
    await sql`create table busy (a int)`;
    await sql`begin`;
    await sql`lock table busy`;
    const refusal = migrate(url, { folder: folderOf('alter table busy add b int') });
    await expect(refusal).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('others hold'),
    });
    await sql`rollback`;
  }, 20_000);

  test('does not wait for a history that somebody has locked', async () => {
    const url = await databases.create();
    await migrate(url);
    const sql = databases.connect(url);
    await sql`begin`;
    await sql.unsafe(`lock table ${historyTable}`);
    await expect(migrate(url)).rejects.toMatchObject({ code: 'unavailable' });
    await sql`rollback`;
  }, 20_000);

  test('a database that is away is unavailable', async () => {
    await expect(migrate('postgresql://somebody@127.0.0.1:1/nothing')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Database nothing at 127.0.0.1:1 does not answer.',
    });
  });
});

describe('who only looks at a database', () => {
  const look = (url: string) => openDatabase(readConfig({ DATABASE_URL: url }), { migrate: false });

  test('is told that the schema is missing, and makes none', async () => {
    const url = await databases.create();
    await expect(look(url)).rejects.toMatchObject({
      code: 'conflict',
      message: 'The schema is missing in the database.',
      hint: expect.stringContaining('agentcoord up'),
    });
    expect(await tablesOf(databases.connect(url))).toEqual([]);
  });

  test('is told that the schema is behind, and leaves it there', async () => {
    const url = await databases.create();
    await migrate(url, { folder: folderOf('create table first (a int)') });
    const sql = databases.connect(url);
    await sql.unsafe(`update ${historyTable} set version = '20200101000000'`);
    await expect(look(url)).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('agentcoord up') });
    expect(await tablesOf(sql)).toEqual(['public.first', historyTable]);
  });

  test('finds the current one in order', async () => {
    const url = await databases.create();
    await migrate(url);
    const database = await look(url);
    expect(await database.call('schema_version', {})).toMatch(/^\d{14}$/);
    await database.close();
  });
});

describe('the migrations', () => {
  test('make the database that supabase/schemas describes', async () => {
    const [migrated, described] = [await databases.create(), await databases.create()];
    await migrate(migrated);
    const sql = databases.connect(described);
    const texts = schemaFiles().map((file) => readFileSync(join(root, file), 'utf8'));
    await sql.begin((transaction) => transaction.unsafe(texts.join('\n')).simple());
    await sql`reset role`;
    const dump = await dumpCatalogue(databases.connect(migrated));
    expect(await dumpCatalogue(sql)).toEqual(dump);
    expect(dump.length).toBeGreaterThan(100);
  });

  test('say their own newest version, for servers that may not read the history', async () => {
    const url = await databases.create();
    await migrate(url);
    const sql = databases.connect(url);
    const { known } = await schemaState(sql);
    expect(await sql`select coord.schema_version()`).toMatchObject([{ schema_version: known.at(-1) }]);
  });
});
