import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { hunters } from './faults/proofs/planted.ts';
import { cloneDatabase } from './helpers/database.ts';

const folder = new URL('faults/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const bugs = globSync('bugs/*.sql', { cwd: folder }).map((file) => basename(file, '.sql'));

// The fault profile takes a quarter of an hour to get there; whoever changes a function hears of it here.
test.each(bugs)('%s still finds the text that it replaces', async (bug) => {
  await using db = await cloneDatabase();
  await db.sql.unsafe(read('stage.sql')).simple();
  await db.sql.unsafe(read(`bugs/${bug}.sql`)).simple();
});

test('each planted bug has a proof that has to find it', () => {
  expect(Object.keys(hunters).sort()).toEqual(bugs.sort());
});
