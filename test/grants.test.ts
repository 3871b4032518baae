import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';
import { grantsOf } from './helpers/grants.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const names = async (query: string) => (await db.sql.unsafe<{ name: string }[]>(query)).map(({ name }) => name);

const coord = "'coord'::regnamespace";

test('every role has the rights that grants.txt lists, and no others', async () => {
  // `npm test -- test/grants.test.ts -u` writes the file anew: read the difference before you commit it.
  await expect(await grantsOf(db.sql)).toMatchFileSnapshot('grants.txt');
});

test('every table has row-level security switched on', async () => {
  expect(
    await names(`select relname as name from pg_class
    where relnamespace = ${coord} and relkind in ('r', 'p') and not relrowsecurity`),
  ).toEqual([]);
});

test('every table belongs to coord_owner, and so does every function', async () => {
  expect(
    await names(`
    select relname as name from pg_class where relnamespace = ${coord} and relowner <> 'coord_owner'::regrole
    union select proname from pg_proc where pronamespace = ${coord} and proowner <> 'coord_owner'::regrole`),
  ).toEqual([]);
});

test('every key and index leads with project_id, except where the project is not known yet or part of the value', async () => {
  const others = await names(`
    select format('%s %s', c.relname, i.relname) as name
    from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
    join pg_attribute a on a.attrelid = i.oid and a.attnum = 1
    where c.relnamespace = ${coord} and a.attname <> 'project_id' order by 1`);
  expect(others).toEqual([
    'api_keys api_keys_pkey',
    'projects projects_name_key',
    'pulse pulse_pkey',
    'sessions sessions_by_caller',
  ]);
});

test('every table has a primary key', async () => {
  expect(
    await names(`select relname as name from pg_class c where relnamespace = ${coord} and relkind in ('r', 'p')
    and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`),
  ).toEqual([]);
});

describe('a function that anybody but its owner may execute', () => {
  const executable = `
    select distinct p.proname as name, p.prosecdef, p.proconfig, p.prosqlbody from pg_proc p, pg_roles r
    where pronamespace = ${coord} and not r.rolsuper and r.rolname <> 'coord_owner'
      and has_function_privilege(r.oid, p.oid, 'execute') and not pg_has_role(r.oid, p.proowner, 'usage')`;

  test('has an empty search path, or was parsed when it was made', async () => {
    expect(
      await names(
        `select name from (${executable}) e where not coalesce(proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'
          and prosqlbody is null`,
      ),
    ).toEqual([]);
  });

  test('runs as its owner, unless it reads no table', async () => {
    expect(await names(`select name from (${executable}) e where not prosecdef order by 1`)).toEqual([
      '_is_open',
      '_no_estimates',
      'schema_version',
    ]);
  });

  test('is an operation, or one of the few that doors need', async () => {
    const functions = await names(`select name from (${executable}) e where name like '\\_%' order by 1`);
    expect(functions).toEqual(['_is_open', '_member_projects', '_no_estimates', '_readable_projects']);
  });
});
