import { openDatabase, postgresDatabase, readConfig } from '@agentcoord/core';
import { expect, test } from 'vitest';
import { cloneDatabase } from './helpers/database.ts';
import { Wire } from './helpers/wire.ts';

test('a DATABASE_URL with pgbouncer=true opens, though the server would refuse the parameter', async () => {
  await using db = await cloneDatabase();
  await using wire = await Wire.before(db);
  const database = await openDatabase(readConfig({ DATABASE_URL: `${wire.url}?pgbouncer=true` }));
  expect(await database.call('open_project', { p_name: 'pooled' })).toEqual(expect.any(Number));
  await database.close();
});

test('what comes after the end opens no connection that nobody would close', async () => {
  await using db = await cloneDatabase();
  const database = postgresDatabase({ kind: 'postgres', connection: db.connection, where: 'The database' });
  await database.call('schema_version', {});
  const late = Promise.resolve().then(() => database.call('schema_version', {}));
  await database.close();
  await late.catch(() => {});
  await expect(database.call('schema_version', {})).rejects.toMatchObject({ code: 'unavailable' });
  const others = () => db.sql`
    select from pg_stat_activity where datname = current_database() and application_name = 'agentcoord'`;
  await expect.poll(async () => (await others()).length).toBe(0);
});
