import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';
import { claimed } from '../helpers/tasks.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const holds: [what: string, paths: string[], hold: string][] = [
  ['what somebody else has in hand for a moment', [], 'select from coord.tasks where task_id = $1 for update'],
  [
    'claims with paths while others take locks',
    ['held.ts'],
    "select pg_advisory_xact_lock(hashtext('coord.locks'), project_id) from coord.tasks where task_id = $1",
  ],
];

test.each(holds)('a heartbeat renews %s, when little of its lease is left', async (project, paths, hold) => {
  const bob = await db.session('bob', { project, beats: true });
  await bob.submitWork({ title: 'held', ...(paths.length > 0 ? { paths } : {}) });
  const { task_id } = await claimed(bob);
  await db.sql`update coord.tasks set claim_expires_at = clock_timestamp() + interval '5 seconds' where task_id = ${task_id}`;
  let beating: Promise<unknown> = Promise.resolve();
  await db.sql.begin(async (sql) => {
    await sql.unsafe(hold, [task_id]);
    beating = bob.heartbeat();
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  await beating;
  const [row] = await db.sql`
    select claim_expires_at > clock_timestamp() + interval '1 minute' as renewed from coord.tasks where task_id = ${task_id}`;
  expect(row).toEqual({ renewed: true });
});
