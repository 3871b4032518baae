import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann', { trust: 2 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** What would be refused for its content, were it looked at. */
const costly = {
  'a policy that nobody can read': () => ann.setCedarPolicy({ policy: 'x', policy_text: `${'('.repeat(4000)}` }),
  'a pattern that is none': () => ann.setGuardrailRule({ rule: 'x', pattern: '(' }),
};

test.each(Object.entries(costly))('who may not is told so before anything is computed: %s', async (_, call) => {
  const refusal = { code: 'forbidden', details: { reason: 'insufficient_trust_level' } };
  await expect(call()).rejects.toMatchObject(refusal);
  const rows = await db.sql`
    select operation from coord.journal where outcome = 'forbidden' and session_id = ${ann.session_id}
    order by entry_id desc limit 1`;
  expect(rows).toHaveLength(1);
});
