import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { sealAll, verdictAfter } from '../helpers/tampering.ts';

let db: TestDatabase;
let ann: TestSession;
const file_hash = 'ab'.repeat(32);

/** Two seals of rows that are 100 days old, one of rows that are 60 days old, one of today. */
beforeAll(async () => {
  db = await cloneDatabase();
  await db.sql`select coord._project('test')`;
  for (const [seal, days] of [100, 100, 60].entries()) {
    await db.sql`
      insert into coord.journal (project_id, agent, operation, outcome, resource, started_at, at)
      select p.project_id, 'old', 'sweep', 'ok', ${seal} || '.' || i, clock_timestamp() - make_interval(days => ${days}),
        clock_timestamp() - make_interval(days => ${days}) from coord.projects p, generate_series(1, 5) i`;
    await sealAll(db);
  }
  ann = await db.session('ann', { trust: 4 });
  await sealAll(db);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const rows = async () => (await db.sql`select entry_id from coord.journal`).length;

/** Runs a statement as that role; nothing of it stays. */
async function as(role: string, statement: string): Promise<number> {
  const undo = new Error('This never stays.');
  let count = 0;
  await db.sql
    .begin(async (sql) => {
      if (role !== 'superuser') await sql.unsafe(`set local role ${role}`);
      ({ count } = await sql.unsafe(statement));
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  return count;
}

const segment = (change: Record<string, string> = {}) => {
  const columns = {
    project_id: 's.project_id',
    first_seal: '1',
    last_seal: 's.seal_number',
    last_xact_id: 's.last_xact_id',
    last_entry_id: 's.last_entry_id',
    row_count: 's.total_rows',
    file_hash: `'\\x${file_hash}'`,
    agent: "'ann'",
    session_id: 'gen_random_uuid()',
    ...change,
  };
  return `insert into coord.segments (${Object.keys(columns).join()}) select ${Object.values(columns).join()} from coord.seals s`;
};

describe('nobody drops rows that were not proved to be sealed, old and exported', () => {
  const attempts: [string, string][] = [
    ['that are not in a segment', `delete from coord.journal where resource like '0.%'`],
    ['of today, by a segment', `${segment()} where s.seal_number = 4`],
    ['not from the first one on', `${segment({ first_seal: '2', row_count: '5' })} where s.seal_number = 2`],
    ['of a seal that is not there', `${segment({ last_seal: '9' })} where s.seal_number = 2`],
    ['beyond the seal', `${segment({ last_entry_id: 's.last_entry_id + 5' })} where s.seal_number = 2`],
    ['without the hash of a file', `${segment({ file_hash: "''" })} where s.seal_number = 2`],
    ['with leaves alone', 'delete from coord.seal_leaves'],
    ['of seals', 'delete from coord.seals'],
    ['by changing seals', 'update coord.seals set row_count = 0'],
    ['by changing leaves', "update coord.seal_leaves set leaves = ''"],
    ['by emptying tables', 'truncate coord.journal, coord.seals, coord.seal_leaves, coord.segments'],
  ];

  test.each(attempts)('%s, as the owner or as a superuser', async (_, statement) => {
    for (const role of ['coord_owner', 'superuser']) {
      await expect(as(role, statement), role).rejects.toMatchObject({ code: expect.stringMatching(/^(DNIED|23514)$/) });
    }
  });

  test.each(attempts)('%s, as every other role', async (_, statement) => {
    for (const role of ['coord_app', 'coord_reader', 'service_role', 'authenticated', 'anon']) {
      await expect(as(role, statement), role).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('the owner, who writes what is true, may: that is what drop_segment does', async () => {
    expect(await as('coord_owner', `${segment()} where s.seal_number = 2`)).toBe(1);
  });
});

describe('drop_segment', () => {
  test('refuses rows that are too young, and seals that are not there', async () => {
    const refused = (last_seal: number, more = {}) => ann.dropSegment({ last_seal, file_hash, ...more });
    await expect(refused(3)).rejects.toMatchObject({ details: { reason: 'segment_too_young' } });
    await expect(refused(4, { older_than_days: 30 })).rejects.toMatchObject({
      details: { reason: 'segment_too_young' },
    });
    await expect(refused(9)).rejects.toMatchObject({ code: 'not_found' });
    await expect(refused(2, { older_than_days: 29 })).rejects.toMatchObject({ code: 'invalid_input' });
    const bob = await db.session('bob', { trust: 3 });
    await expect(bob.dropSegment({ last_seal: 2, file_hash })).rejects.toMatchObject({ code: 'forbidden' });
    const { key_id } = await ann.createKey({ agent: 'cloud', trust: 4 });
    const cloud = speakAs(db, { key_id, project_id: await projectId(db) });
    await expect(cloud.dropSegment({ last_seal: 2, file_hash })).rejects.toMatchObject({
      message: 'A key drops no rows of the journal.',
    });
    expect(await rows()).toBeGreaterThan(15);
  });

  test('refuses rows that are not what was sealed', async () => {
    await db.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`update coord.journal set agent = 'eve' where resource = '1.3'`;
    });
    await expect(ann.dropSegment({ last_seal: 2, file_hash })).rejects.toMatchObject({
      details: { reason: 'segment_changed', first_bad: { problem: 'changed', seal_number: 2 } },
    });
    await expect(as('coord_owner', `${segment()} where s.seal_number = 2`)).rejects.toMatchObject({ code: 'CNFLT' });
    await db.sql.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`update coord.journal set agent = 'old' where resource = '1.3'`;
    });
  });

  test('exports only seals of which every row is old enough', async () => {
    const numbers = async (older_than_days?: number) =>
      (await ann.exportSegment(older_than_days ? { older_than_days } : {})).seals.map(({ seal_number }) => seal_number);
    expect(await numbers(90)).toEqual([1, 2]);
    expect(await numbers(30)).toEqual([1, 2, 3]);
    expect((await numbers()).length).toBeGreaterThanOrEqual(4);
  });

  test('drops what it may, with a row that says so; the chain goes on over the gap', async () => {
    const before = await rows();
    expect(await ann.dropSegment({ last_seal: 2, file_hash })).toEqual({
      ...{ dropped: true, first_seal: 1, last_seal: 2, dropped_rows: 10 },
    });
    expect(await rows()).toBe(before - 10 + 1);
    const { entries } = await ann.queryAudit({ operation: 'drop_segment', outcome: 'ok' });
    expect(entries).toMatchObject([{ agent: 'ann', resource: 'segment:1-2', detail: { rows: 10, file_hash } }]);
    await sealAll(db);
    const verdict = await ann.verifyAudit();
    expect(verdict).toMatchObject({ intact: true, dropped_rows: 10 });
    expect(verdict.verified_rows).toBe(await rows());
    expect((await ann.exportSegment()).seals[0]).toMatchObject({ seal_number: 3 });
    await expect(ann.dropSegment({ last_seal: 2, file_hash })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('leaves a gap in which nobody can put a row unseen, and seals that nobody can change', async () => {
    const forged = `insert into coord.journal (project_id, xact_id, operation, outcome, resource)
      select project_id, first_xact_id, 'sweep', 'ok', 'forged' from coord.seals where seal_number = 1`;
    const added = await verdictAfter(db, ann, (sql) => sql.unsafe(forged));
    expect(added.first_bad).toMatchObject({ problem: 'added', seal_number: 2 });
    const changed = await verdictAfter(db, ann, (sql) =>
      sql.unsafe(`update coord.seals set rows_hash = sha256('x') where seal_number = 2`),
    );
    expect(changed.first_bad).toMatchObject({ problem: 'seal_changed', seal_number: 2 });
  });

  test('moves the floor of events first, so that readers are told', async () => {
    await expect(ann.listEvents({ after: '1-1' })).rejects.toMatchObject({ details: { reason: 'cursor_expired' } });
  });
});
