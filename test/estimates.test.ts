import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { fillProject } from './helpers/filled_project.ts';
import { isPostgrestMissing, publishableKey, startPostgrest, userToken } from './helpers/postgrest.ts';

const missing = isPostgrestMissing();
if (missing) console.log(`Estimates over PostgREST: not tried, because ${missing}`);

const [member, nobody] = ['11111111-1111-4111-8111-111111111111', '99999999-9999-4999-8999-999999999999'];

let db: TestDatabase;
let tables: string[];

beforeAll(async () => {
  db = await cloneDatabase();
  // The hidden project lies between the two that everybody reads.
  await (await fillProject(db, 'first')).setProjectVisibility({ visibility: 'public' });
  const admin = await fillProject(db, 'mine');
  await admin.addProjectMember({ user_id: member });
  await (await fillProject(db, 'open')).setProjectVisibility({ visibility: 'public' });
  await db.sql`insert into coord.journal (project_id, agent, operation, outcome, resource)
    select project_id, 'bella', 'submit_work', 'ok', 'x' from coord.projects, generate_series(1, 3000) where name = 'mine'`;
  const tasks = Array.from({ length: 100 }, (_, index) => ({ title: `task ${index}`, tags: ['bulk'], type: 'bulk' }));
  for (let batch = 0; batch < 30; batch++) await admin.submitWorkBatch({ tasks });
  for (let batch = 0; batch < 12; batch++) {
    await admin.acquireLock({ paths: Array.from({ length: 250 }, (_, index) => `secrets/${batch}-${index}.ts`) });
  }
  await db.sql`analyze`;
  const rows = await db.sql<{ name: string }[]>`
    select c.relname as name from pg_class c where c.relnamespace = 'coord'::regnamespace and c.relkind in ('r', 'p', 'v')
      and (has_table_privilege('coord_reader', c.oid, 'select') or has_any_column_privilege('coord_reader', c.oid, 'select'))`;
  tables = rows.map(({ name }) => name);
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Runs a statement as PostgREST does for a token of that role and user. */
async function as(role: string, user: string | undefined, statement: string): Promise<unknown[]> {
  return db.sql.begin(async (sql) => {
    await sql`select set_config('request.jwt.claims', ${JSON.stringify({ role, sub: user })}, true)`;
    await sql.unsafe(`set local role ${role}`);
    return [...(await sql.unsafe(statement))];
  });
}

/** How many rows of a table and entries of its indexes have been read since it was made. */
async function rowsRead(table: string): Promise<number> {
  // A backend keeps its counts for a while, unless told to hand them over.
  await db.sql`select pg_stat_force_next_flush()`;
  const [row] = await db.sql<{ rows: string }[]>`
    select seq_tup_read + coalesce(idx_tup_fetch, 0)
      + (select sum(i.idx_tup_read) from pg_stat_all_indexes i where i.relid = t.relid) as rows
    from pg_stat_all_tables t where schemaname = 'coord' and relname = ${table}`;
  return Number(row?.rows);
}

describe('rows of projects that a reader may not read are not even looked at', () => {
  const ofProject = ['true', 'project_id = $1', 'project_id >= $1', 'project_id in ($1, $1 + 1000)'];
  const filters = {
    journal: [
      "agent = 'bella'",
      "resource >= 'w'",
      'entry_id > 10',
      "operation = 'submit_work' order by entry_id desc limit 1",
    ],
    tasks: [
      "status = 'ready'",
      "type = 'bulk'",
      "tags @> '{bulk}'",
      "title like 'task 1%'",
      'true order by task_id limit 1',
    ],
    locks: ["path = 'secrets/1-1.ts'", "path >= 'secrets/' and path < 'secrets0'", 'true order by path limit 1'],
  };
  const queries = Object.entries(filters).flatMap(([table, conditions]) =>
    ofProject.flatMap((first) => ['true', ...conditions].map((then) => [table, `${first} and ${then}`] as const)),
  );

  test.each(queries)('%s where %s', async (table, filter) => {
    const [mine] = await db.sql<{ id: number }[]>`select project_id as id from coord.projects where name = 'mine'`;
    const statement = `select count(*) from (select project_id from coord.${table} where ${filter}) q`;
    const ask = (user: string) =>
      as('coord_reader', user, `select pg_stat_force_next_flush(); ${statement.replaceAll('$1', `${mine?.id}`)}`);
    const before = await rowsRead(table);
    await ask(nobody);
    expect((await rowsRead(table)) - before).toBeLessThan(300);
  });

  test('while a member has them read', async () => {
    const before = await rowsRead('journal');
    await as('coord_reader', member, 'select pg_stat_force_next_flush(), agent from coord.journal');
    expect((await rowsRead('journal')) - before).toBeGreaterThan(3000);
  });
});

test('no table tells a reader what the planner expects of it, not even one who may read all its rows', async () => {
  expect(tables.length).toBeGreaterThan(20);
  for (const table of tables) {
    for (const [role, user] of [
      ['anon', undefined],
      ['authenticated', member],
      ['authenticated', nobody],
      ['coord_reader', undefined],
    ] as const) {
      const statement = `explain (format json) select project_id from coord.${table} where project_id = 1`;
      await expect(as(role, user, statement), `${table}, ${role}`).rejects.toMatchObject({ code: '42501' });
    }
  }
});

test('statements that only speak of it are not taken for a question about the plan', async () => {
  expect(await as('authenticated', member, `/* a */ select 'explain' from coord.journal`)).not.toEqual([]);
});

describe.skipIf(missing)('over PostgREST that shows plans', () => {
  const cleanup = new AsyncDisposableStack();
  let url: string;

  beforeAll(async () => {
    url = cleanup.use(await startPostgrest(db, { PGRST_DB_PLAN_ENABLED: 'true', PGRST_DB_MAX_ROWS: '10' })).url;
  });
  afterAll(() => cleanup.disposeAsync());

  async function ask(method: string, query: string, headers: Record<string, string>, token?: string) {
    const response = await fetch(`${url}/rest/v1/journal?select=operation&${query}`, {
      method,
      headers: {
        ...{ apikey: publishableKey, 'accept-profile': 'coord', ...headers },
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    return { status: response.status, range: response.headers.get('content-range'), body: await response.text() };
  }

  test.each([
    ['planned', 'GET', 'agent=eq.bella', { prefer: 'count=planned' }],
    ['planned, of a prefix', 'GET', 'agent=like.bel*', { prefer: 'count=planned' }],
    ['planned, of a range', 'HEAD', 'agent=gte.b&agent=lt.c', { prefer: 'count=planned' }],
    ['planned, without rows', 'GET', 'agent=eq.bella&limit=0', { prefer: 'count=planned' }],
    ['estimated', 'GET', 'or=(agent.eq.bella,outcome.eq.ok)', { prefer: 'count=estimated' }],
    ['of a plan', 'GET', 'agent=eq.bella', { accept: 'application/vnd.pgrst.plan+json' }],
    ['of a plan that is run', 'GET', 'agent=eq.bella', { accept: 'application/vnd.pgrst.plan+text; options=analyze' }],
  ])('a count %s is refused', async (_, method, query, headers) => {
    for (const [token, status] of [
      [undefined, 401],
      [userToken(nobody), 403],
      [userToken(member), 403],
    ] as const) {
      const answer = await ask(method, query, headers as Record<string, string>, token);
      expect([answer.status, answer.range]).toEqual([status, null]);
      if (method === 'GET') expect(answer.body).toContain('count=exact');
    }
  });

  test('an exact count is of the rows that one may read', async () => {
    const prefer = { prefer: 'count=exact' };
    expect((await ask('GET', 'agent=eq.bella', prefer)).range).toBe('*/0');
    expect((await ask('GET', 'agent=eq.bella', prefer, userToken(nobody))).range).toBe('*/0');
    expect((await ask('GET', 'agent=eq.bella', prefer, userToken(member))).range).toBe('0-9/3000');
  });
});
