import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { sealAll, verdictAfter } from '../helpers/tampering.ts';

let db: TestDatabase;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann', { trust: 3 });
  for (let seal = 0; seal < 3; seal++) {
    for (let task = 0; task < 4; task++) await ann.submitWork({ title: `task ${seal}.${task}` });
    await sealAll(db);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Cursors of the sealed rows, in order. */
async function cursors(): Promise<string[]> {
  const rows = await db.sql<{ cursor: string }[]>`
    select j.xact_id || '-' || j.entry_id as cursor from coord.journal j join coord.projects p using (project_id)
    where p.name = 'test' order by j.xact_id, j.entry_id`;
  return rows.map(({ cursor }) => cursor);
}

const at = (index: number) =>
  `(xact_id, entry_id) = (select o.xact_id, o.entry_id from coord.journal o join coord.projects p using (project_id)
    where p.name = 'test' order by o.xact_id, o.entry_id offset ${index} limit 1)`;

/** What is wrong after a statement, and where. */
async function foundAfter(...statements: string[]): Promise<string> {
  const { intact, first_bad } = await verdictAfter(db, ann, async (sql) => {
    for (const statement of statements) expect((await sql.unsafe(statement)).count, statement).toBeGreaterThan(0);
  });
  expect(intact).toBe(first_bad === undefined);
  return first_bad ? `${first_bad.problem} in ${first_bad.seal_number}: ${first_bad.cursor}` : 'nothing';
}

describe('the chain of seals', () => {
  test('holds every row once, in the order of its key', async () => {
    const verdict = await ann.verifyAudit();
    expect(verdict).toEqual({
      ...{ intact: true, verified_rows: 14, verified_seals: 3, dropped_rows: 0, unsealed_rows: 0, next_seal: null },
    });
  });

  test('goes on after the last seal, and says which rows wait for theirs', async () => {
    const bob = await db.session('bob', { project: 'other', trust: 3 });
    await sealAll(db);
    await bob.submitWork({ title: 'one' });
    expect(await bob.verifyAudit()).toMatchObject({ verified_rows: 2, unsealed_rows: 1 });
    await sealAll(db);
    await sealAll(db);
    expect(await bob.verifyAudit()).toMatchObject({ verified_rows: 3, verified_seals: 2, unsealed_rows: 0 });
    expect(await bob.verifyAudit({ after_seal: 1 })).toMatchObject({ verified_rows: 1, verified_seals: 1 });
    await expect(bob.verifyAudit({ after_seal: 3 })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('never leaves out a row that commits after later ones', async () => {
    const late = await db.session('late', { project: 'late', trust: 3 });
    await sealAll(db);
    const connection = db.connection as postgres.Options<never>;
    const slow =
      typeof connection === 'string' ? postgres(connection, { max: 1 }) : postgres({ ...connection, max: 1 });
    const insert = `insert into coord.journal (project_id, operation, outcome, resource)
      select project_id, 'sweep', 'ok', 'project' from coord.projects where name = 'late'`;
    await slow.unsafe('begin');
    await slow.unsafe(insert);
    await late.submitWork({ title: 'committed before' });
    await db.database.call('seal_journal', {});
    // The later row waits for the slow one.
    expect((await late.verifyAudit()).unsealed_rows).toBe(1);
    await slow.unsafe('commit');
    await slow.end();
    await sealAll(db);
    expect(await late.verifyAudit()).toMatchObject({ intact: true, verified_rows: 4, unsealed_rows: 0 });
  });

  test('is the same whatever time zone and language whoever verifies it has', async () => {
    const verdict = await verdictAfter(db, ann, async (sql) => {
      await sql.unsafe(`set local timezone = 'Asia/Kathmandu'; set local datestyle = 'German'; set local bytea_output = 'escape';
        set local extra_float_digits = 0; set local intervalstyle = 'sql_standard'`);
    });
    expect(verdict).toMatchObject({ intact: true, verified_rows: 14 });
  });
});

describe('a superuser with triggers off', () => {
  test('may try every column but the key here', async () => {
    const rows = await db.sql<{ name: string }[]>`
      select attname as name from pg_attribute where attrelid = 'coord.journal'::regclass and attnum > 0 order by attnum`;
    const known = [...Object.keys(columns), 'xact_id', 'entry_id'];
    expect(rows.map(({ name }) => name).sort()).toEqual(known.sort());
  });

  const columns = {
    project_id: 'project_id + 1',
    started_at: "started_at - interval '1 microsecond'",
    at: "at + interval '1 microsecond'",
    session_id: 'gen_random_uuid()',
    agent: "''",
    operation: "operation || ' '",
    outcome: "'OK'",
    resource: 'resource || chr(0x301)',
    detail: `'{"title": "another"}'`,
  };

  test.each(Object.entries(columns))('who changes %s is found, with the row', async (column, value) => {
    const row = (await cursors())[6];
    const problem = column === 'project_id' ? 'missing' : 'changed';
    expect(await foundAfter(`update coord.journal set ${column} = ${value} where ${at(6)}`)).toBe(
      `${problem} in 2: ${row}`,
    );
  });

  test.each([
    ['no session', 'session_id = null'],
    ['no agent', 'agent = null'],
    ["JSON's null for none", "detail = 'null'"],
  ])('who leaves %s is found', async (_, change) => {
    expect(await foundAfter(`update coord.journal set ${change} where ${at(3)}`)).toBe(
      `changed in 1: ${(await cursors())[3]}`,
    );
  });

  test('who deletes a row is found, with the row', async () => {
    const all = await cursors();
    for (const index of [0, 5, 12]) {
      expect(await foundAfter(`delete from coord.journal where ${at(index)}`)).toMatch(
        new RegExp(`^missing in \\d: ${all[index]}$`),
      );
    }
  });

  test('who cuts the end of the journal is found, with the first row that is gone', async () => {
    const all = await cursors();
    const cut = `delete from coord.journal j using coord.projects p where p.project_id = j.project_id and p.name = 'test'
      and (j.xact_id, j.entry_id) > (select xact_id, entry_id from coord.journal where ${at(7)})`;
    expect(await foundAfter(cut)).toBe(`missing in 2: ${all[8]}`);
  });

  test.each([
    ['among the rows of a seal', 3, 1],
    ['between two seals', 5, 2],
  ])('who inserts a row %s is found, with the row', async (_, index, seal) => {
    const row = (await cursors())[index];
    const forged = `insert into coord.journal overriding system value
      select project_id, xact_id, 1000000, started_at, at, session_id, agent, operation, outcome, resource, detail
      from coord.journal where ${at(index)}`;
    expect(await foundAfter(forged)).toBe(`added in ${seal}: ${row?.split('-')[0]}-1000000`);
  });

  test('who swaps two rows is found, with the first of them', async () => {
    const [, , row] = await cursors();
    const swap = `update coord.journal j set resource = o.resource from coord.journal o
      where (j.entry_id, o.entry_id) in (select a.entry_id, b.entry_id from coord.journal a, coord.journal b
        where a.entry_id <> b.entry_id and a.entry_id in (select entry_id from coord.journal where ${at(2)} or ${at(9)})
          and b.entry_id in (select entry_id from coord.journal where ${at(2)} or ${at(9)}))`;
    expect(await foundAfter(swap)).toBe(`changed in 1: ${row}`);
  });

  test('who changes what a seal says is found, with the seal', async () => {
    const of2 = `where seal_number = 2 and project_id = (select project_id from coord.projects where name = 'test')`;
    const all = await cursors();
    expect(await foundAfter(`update coord.seals set sealed_at = sealed_at - interval '1 second' ${of2}`)).toBe(
      `seal_changed in 2: ${all[6]}`,
    );
    expect(await foundAfter(`delete from coord.seals ${of2}`)).toBe(`seal_missing in 2: ${all[5]}`);
    expect(await foundAfter(`update coord.seal_leaves set leaves = leaves || '\\x00' ${of2}`)).toBe('nothing');
  });

  test('who changes a row and makes its seal anew is found by the seal after it', async () => {
    const all = await cursors();
    const of2 = `where s.seal_number = 2 and s.project_id = (select project_id from coord.projects where name = 'test')`;
    const rewrite = [
      `update coord.journal set agent = 'eve' where ${at(6)}`,
      `update coord.seal_leaves s set leaves = (
        select string_agg(coord._leaf(j), '' order by j.xact_id, j.entry_id) from coord.journal j
        where j.project_id = s.project_id and j.xact_id between (select first_xact_id from coord.seals s ${of2})
          and (select last_xact_id from coord.seals s ${of2})) ${of2}`,
      `update coord.seals s set rows_hash = sha256(l.leaves) from coord.seal_leaves l ${of2}
        and l.project_id = s.project_id and l.seal_number = s.seal_number`,
      `update coord.seals s set seal_hash = coord._seal_hash(s) ${of2}`,
    ];
    expect(await foundAfter(...rewrite)).toBe(`seal_changed in 2: ${all[6]}`);
  });
});
