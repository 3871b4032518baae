import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let begin: string;

/** Journal rows of a quarter of a megabyte each, as nobody but an attacker makes many of. */
const rows = 10;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  begin = (await ann.listEvents({ after: 'now' })).cursor;
  const paths = Array.from({ length: 240 }, (_, index) => `${'deep/'.repeat(190)}${index}.ts`);
  for (let call = 0; call < rows; call++) await ann.acquireLock({ paths });
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('events come in pages that stay small, and all of them come', async () => {
  const seen: string[] = [];
  let page = await ann.listEvents({ after: begin, limit: 200 });
  expect(page).toMatchObject({ more: true });
  for (; ; page = await ann.listEvents({ after: page.cursor, limit: 200 })) {
    expect(JSON.stringify(page).length).toBeLessThan(3_000_000);
    seen.push(...page.events.map(({ cursor }) => cursor));
    if (!page.more) break;
  }
  expect(seen).toHaveLength(rows);
  expect(new Set(seen).size).toBe(rows);
});

test('whoever follows gets them in order without waiting for the next poll', async () => {
  const seen: string[] = [];
  for await (const { cursor, subjects } of ann.events({ after: begin })) {
    seen.push(cursor);
    expect(subjects).toHaveLength(240);
    if (seen.length === rows) break;
  }
  expect(new Set(seen).size).toBe(rows);
});

test('the journal is read in such pages, too', async () => {
  const seen: string[] = [];
  for (let before: string | undefined; ; ) {
    const page = await ann.queryAudit({ operation: 'acquire_lock', limit: 200, before });
    expect(JSON.stringify(page).length).toBeLessThan(3_000_000);
    seen.push(...page.entries.map(({ cursor }) => cursor));
    if (!page.before) break;
    before = page.before;
  }
  expect(seen).toHaveLength(rows);
});

test('the history of an agent ends where it would be too large', async () => {
  const { entries } = await ann.getAgentHistory({ agent: 'ann', limit: 200 });
  expect(entries.length).toBeGreaterThan(1);
  expect(entries.length).toBeLessThan(rows);
});
