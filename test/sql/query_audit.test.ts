import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann');
  bob = await db.session('bob', { trust: 1 });
  await db.session('eve', { project: 'other' });
  for (let index = 0; index < 5; index++) await ann.acquireLock({ paths: [`${index}.ts`] });
  await bob.acquireLock({ paths: ['0.ts'] }).catch(() => {});
  await ann.releaseLock({ paths: ['3.ts'] });
});
afterAll(() => db?.[Symbol.asyncDispose]());

type Filter = Parameters<TestSession['queryAudit']>[0];

/** `agent operation outcome resource` of what is found. */
async function found(filter: Filter): Promise<string[]> {
  const { entries } = await bob.queryAudit(filter);
  return entries.map(({ agent, operation, outcome, resource }) => `${agent} ${operation} ${outcome} ${resource}`);
}

describe('query_audit', () => {
  test('tells who did what with which outcome, the newest first', async () => {
    expect(await found({ limit: 3 })).toEqual([
      'ann release_lock ok 3.ts',
      `bob acquire_lock forbidden session:${bob.session_id}`,
      'ann acquire_lock ok 4.ts',
    ]);
    const { entries } = await bob.queryAudit({ limit: 1 });
    expect(entries[0]?.duration_ms).toBeGreaterThan(0);
  });

  test.each<[string, Filter, number]>([
    ['agent', { agent: 'bob' }, 2],
    ['operation', { operation: 'release_lock' }, 1],
    ['resource', { resource: '3.ts' }, 2],
    ['outcome', { outcome: 'forbidden' }, 1],
    ['all of them', { agent: 'ann', operation: 'acquire_lock', resource: '3.ts', outcome: 'ok' }, 1],
    ['nothing that is there', { agent: 'eve' }, 0],
  ])('filters by %s', async (_, filter, count) => {
    expect(await found(filter)).toHaveLength(count);
  });

  test('filters by session', async () => {
    expect(await found({ session_id: bob.session_id })).toHaveLength(2);
  });

  test('shows a range of time, though the journal has no index by time', async () => {
    const eve = await db.session('eve', { project: 'old', trust: 1 });
    const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    await db.sql`
      insert into coord.journal (project_id, xact_id, agent, operation, outcome, resource, started_at, at)
      select p.project_id, day::text::xid8, 'eve', 'sweep', 'ok', 'day ' || day, clock_timestamp(),
        clock_timestamp() - make_interval(days => 101 - day)
      from coord.projects p, generate_series(1, 100) day where p.name = 'old'`;
    const days = async (filter: Filter) =>
      (await eve.queryAudit({ ...filter, operation: 'sweep', limit: 200 })).entries.map(({ resource }) => resource);
    expect(await days({ since: at(4.5), until: at(2.5) })).toEqual(['day 98', 'day 97']);
    expect(await days({ until: at(97.5) })).toEqual(['day 3', 'day 2', 'day 1']);
    expect(await days({ until: at(200) })).toEqual([]);
    expect(await days({ since: at(-1) })).toEqual([]);
    expect(await days({ since: at(200) })).toHaveLength(100);
  });

  test('goes through everything in pages, also where a filter lets nothing pass', async () => {
    await db.sql`
      insert into coord.journal (project_id, agent, operation, outcome, resource)
      select p.project_id, 'many', 'sweep', 'ok', i::text from coord.projects p, generate_series(1, 45000) i
      where p.name = 'test'`;
    const seen: string[] = [];
    let pages = 0;
    for (let before: string | null | undefined; before !== null; pages++) {
      const page = await bob.queryAudit({ agent: 'ann', ...(before && { before }), limit: 3 });
      seen.push(...page.entries.map(({ resource }) => resource));
      before = page.before;
    }
    expect(seen).toEqual(['3.ts', '4.ts', '3.ts', '2.ts', '1.ts', '0.ts', `session:${ann.session_id}`]);
    expect(pages).toBeLessThanOrEqual(6);
  });

  test('refuses what is no cursor', async () => {
    await expect(bob.queryAudit({ before: 'now' })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
