import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let begin: string;

/** Journal rows as large as a call can make them, and as no compression makes small. */
const rows = 150;
const paths = Array.from({ length: 256 }, (_, index) => hash('sha512', `${index}`, 'hex').slice(0, 125));

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  begin = (await ann.listEvents({ after: 'now' })).cursor;
  await ann.acquireLock({ paths });
  // As many calls would leave them: each in a transaction of its own.
  for (let row = 1; row < rows; row++) {
    await db.sql`insert into coord.journal (project_id, session_id, agent, operation, outcome, resource, detail)
      select j.project_id, j.session_id, j.agent, j.operation, j.outcome, j.resource, j.detail
      from coord.journal j where j.operation = 'acquire_lock' limit 1`;
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('a call names no more paths than a row should have', async () => {
  const problem = {
    code: 'invalid_input',
    message: expect.stringMatching(/paths.* more than (?:32768|8192) characters/),
  };
  await expect(ann.acquireLock({ paths: [...paths, 'x'.repeat(1000)].slice(1) })).rejects.toMatchObject(problem);
  const task = { title: 'many', paths: Array.from({ length: 100 }, (_, index) => `${index}/`.padEnd(1000, 'x')) };
  await expect(ann.submitWork(task)).rejects.toMatchObject(problem);
  await expect(ann.submitWorkBatch({ tasks: [task] })).rejects.toMatchObject({ code: 'invalid_input' });
});

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
    expect(subjects).toHaveLength(256);
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

test('of a filter that lets nothing pass, few of them are looked at in a call', async () => {
  let page = await ann.listEvents({ after: begin, subject: 'lock:elsewhere' });
  expect(page).toMatchObject({ events: [], more: true });
  let pages = 1;
  for (; page.more; pages++) page = await ann.listEvents({ after: page.cursor, subject: 'lock:elsewhere' });
  expect(pages).toBeLessThan(20);
});

test('whoever catches up is told of the newest of them', async () => {
  const bob = await db.session('bob');
  const { news, truncated } = await bob.catchUp();
  expect(truncated).toBe(true);
  expect(news.join()).toContain('others locked 256');
});

test('they are sealed in parts', async () => {
  await db.sql`select coord.seal_journal()`;
  const seals = await db.sql`select row_count from coord.seals where row_count > 10`;
  expect(seals.length).toBeGreaterThan(1);
  const admin = await db.session('admin', { trust: 4 });
  expect(await admin.verifyAudit()).toMatchObject({ intact: true });
});
