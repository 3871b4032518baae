import { type Checkpoint, isSigned } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { sealAll, verdictAfter } from '../helpers/tampering.ts';

let db: TestDatabase;
let ann: TestSession;
/** One after each of three seals. */
const checkpoints: Checkpoint[] = [];

beforeAll(async () => {
  db = await cloneDatabase();
  ann = await db.session('ann', { trust: 3 });
  for (let seal = 0; seal < 3; seal++) {
    for (let task = 0; task < 4; task++) await ann.submitWork({ title: `task ${seal}.${task}` });
    await sealAll(db);
    checkpoints.push(await ann.exportCheckpoint());
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

const cut = (seal: number) => [
  `delete from coord.journal j using coord.seals s where s.seal_number = ${seal} and j.project_id = s.project_id
    and (j.xact_id, j.entry_id) > (s.last_xact_id, s.last_entry_id)`,
  `delete from coord.seal_leaves where seal_number > ${seal}`,
  `delete from coord.seals where seal_number > ${seal}`,
];

describe('a checkpoint', () => {
  test('is signed, and nobody can change what it says', () => {
    const [checkpoint] = checkpoints as [Checkpoint];
    expect(checkpoint).toMatchObject({ project: 'test', seal_number: 1, total_rows: 6 });
    expect(isSigned(checkpoint, checkpoint.public_key)).toBe(true);
    for (const change of [
      { format: 'agentcoord-checkpoint-2' },
      { project: 'other' },
      { seal_number: 2 },
      { seal_hash: '0'.repeat(64) },
      { total_rows: 5 },
      { cursor: '1-1' },
      { sealed_at: '2026-01-01T00:00:00+00:00' },
      { signed_at: '2026-01-01T00:00:00Z' },
      { signature: Buffer.alloc(64).toString('base64') },
    ]) {
      expect(isSigned({ ...checkpoint, ...change }, checkpoint.public_key), JSON.stringify(change)).toBe(false);
    }
    expect(isSigned(checkpoint, 'no key')).toBe(false);
  });

  test('is contained in the chain, whatever came after it', async () => {
    for (const checkpoint of checkpoints) {
      expect(await ann.verifyAudit({ checkpoint })).toMatchObject({ intact: true, checkpoint: 'contained' });
    }
  });

  test('shows that the end of the chain was cut, seals and all', async () => {
    const [, second, third] = checkpoints as [Checkpoint, Checkpoint, Checkpoint];
    const tamper = async (sql: { unsafe(text: string): Promise<unknown> }) => {
      for (const statement of cut(2)) await sql.unsafe(statement);
    };
    // Without one nothing shows.
    expect(await verdictAfter(db, ann, tamper)).toMatchObject({ intact: true, verified_rows: 10 });
    expect(await verdictAfter(db, ann, tamper, second)).toMatchObject({ intact: true, checkpoint: 'contained' });
    expect(await verdictAfter(db, ann, tamper, third)).toMatchObject({
      intact: false,
      checkpoint: 'missing',
      first_bad: { problem: 'checkpoint_missing', seal_number: 2, cursor: second.cursor },
    });
  });

  test('shows that the chain was made anew, however well', async () => {
    const [first, second, third] = checkpoints as [Checkpoint, Checkpoint, Checkpoint];
    const tamper = async (sql: { unsafe(text: string): Promise<unknown> }) => {
      for (const statement of cut(1)) await sql.unsafe(statement);
      await sql.unsafe(`insert into coord.journal (project_id, operation, outcome, resource)
        select project_id, 'sweep', 'ok', 'project' from coord.projects where name = 'test'`);
      await sql.unsafe(
        `select coord._seal_rows(project_id, '9223372036854775807') from coord.projects where name = 'test'`,
      );
    };
    expect(await verdictAfter(db, ann, tamper)).toMatchObject({ intact: true, verified_rows: 7 });
    expect(await verdictAfter(db, ann, tamper, first)).toMatchObject({ intact: true });
    expect(await verdictAfter(db, ann, tamper, second)).toMatchObject({
      first_bad: { problem: 'checkpoint_differs', seal_number: 2 },
    });
    expect(await verdictAfter(db, ann, tamper, third)).toMatchObject({ checkpoint: 'missing' });
  });

  test('is that of one project', async () => {
    const bob = await db.session('bob', { project: 'other', trust: 3 });
    await sealAll(db);
    const checkpoint = await bob.exportCheckpoint();
    expect(checkpoint).toMatchObject({ project: 'other', seal_number: 1 });
    expect(await ann.verifyAudit({ checkpoint })).toMatchObject({ intact: false, checkpoint: 'differs' });
  });

  test('of a journal without a seal is refused', async () => {
    const cid = await db.session('cid', { project: 'new' });
    await expect(cid.exportCheckpoint()).rejects.toMatchObject({ code: 'not_found' });
  });
});
