import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dice } from './faults/dice.ts';
import { readJournal, tamper } from './faults/tampering.ts';
import { projectId } from './helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { sealAll } from './helpers/tampering.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann', { trust: 3 });
  for (let call = 0; call < 25; call++) {
    await ann.submitWorkBatch({ tasks: Array.from({ length: 100 }, (_, index) => ({ title: `task ${index}` })) });
    await ann.releaseLock({ paths: [`${call}.ts`] });
    if (call % 5 === 0) await sealAll(db);
  }
  await sealAll(db);
});
afterAll(() => db?.[Symbol.asyncDispose]());

// The fault harness does the same with 20,000 rows and 500 of them (`npm run faults -- --only tampering`).
test('whatever a superuser with triggers off does to 2,500 sealed rows is found, and the first bad row is named', async () => {
  const checkpoint = await ann.exportCheckpoint();
  const project_id = await projectId(db);
  const journal = await readJournal(db.sql, { project_id, session_id: ann.session_id, checkpoint });
  expect(journal.cursors.length).toBeGreaterThan(2500);
  const seed = Math.floor(Math.random() * 1e9);
  const { findings, figures } = await tamper(journal, new Dice(seed), 100);
  expect(findings, `seed ${seed}`).toEqual([]);
  expect(figures).toMatchObject({ tamperings: 100, found: 100, named: 100 });
  console.log(
    `seed ${seed}: ${Object.entries(figures)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}`,
  );
});
