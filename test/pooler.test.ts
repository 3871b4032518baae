import { openDatabase, readConfig } from '@agentcoord/core';
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
