import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { type Events, names, untilSettled } from '../helpers/events.ts';

let db: TestDatabase;
let ann: TestSession;
let project: string;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());
beforeEach(async () => {
  project = `cursors-${++projects}`;
  ann = await db.session('ann', { project });
});

async function read(filter: Parameters<TestSession['listEvents']>[0]): Promise<Events> {
  await untilSettled(db, project);
  return (await ann.listEvents(filter)).events;
}

async function now(): Promise<string> {
  await untilSettled(db, project);
  return (await ann.listEvents({ after: 'now' })).cursor;
}

test('a cursor older than what is kept is refused with the oldest one, from which reading goes on', async () => {
  const begun = await now();
  await ann.acquireLock({ paths: ['old.ts'] });
  await ann.acquireLock({ paths: ['older.ts'] });
  const old = await read({ after: begun });
  await ann.acquireLock({ paths: ['new.ts'] });
  await db.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`
      update coord.journal set at = at - interval '31 days', started_at = started_at - interval '31 days'
      where project_id = ${await projectId(db, project)} and resource <> 'new.ts'`;
  });
  await db.sql`select coord._move_floors()`;
  const error = await ann.listEvents({ after: begun }).catch((cause) => cause);
  const oldest_cursor = old.at(-1)?.cursor;
  expect(error).toMatchObject({ code: 'not_found', details: { reason: 'cursor_expired', oldest_cursor } });
  expect(error.hint).toContain(oldest_cursor);
  const kept = ['acquire_lock lock:new.ts'];
  expect(names((await ann.listEvents({ after: oldest_cursor, subject: 'lock:' })).events)).toEqual(kept);
  expect(names((await ann.listEvents({ subject: 'lock:' })).events)).toEqual(kept);
  expect(names((await ann.listEvents({ after: '0-0', subject: 'lock:' })).events)).toEqual(kept);
  await db.sql`select coord._move_floors()`;
  expect((await ann.listEvents({ after: oldest_cursor, subject: 'lock:' })).events).toHaveLength(1);
});

test('a cursor of a quiet project never grows old: nothing was lost', async () => {
  await ann.acquireLock({ paths: ['only.ts'] });
  const after = (await read({ subject: 'lock:' }))[0]?.cursor ?? '';
  await db.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`update coord.journal set at = at - interval '90 days' where project_id = ${await projectId(db, project)}`;
  });
  await db.sql`select coord._move_floors()`;
  expect(await ann.listEvents({ after })).toEqual({ received: false, events: [], more: false, cursor: after });
});

test.each(['', 'x', '1', '-1', '1-', '01-1', '1-1-1', '1-1 ', '9999999999999999999-1', '1.5-2'])(
  '%j is no cursor',
  async (after) => {
    await expect(ann.listEvents({ after })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/^after: /),
    });
  },
);

test('a cursor of the future is refused: this database has given it to nobody', async () => {
  for (const after of ['999999999999999999-1', `${Number((await now()).split('-')[0]) + 1000}-0`]) {
    await expect(ann.listEvents({ after })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { reason: 'cursor_unknown' },
    });
  }
});

test('a cursor of another project shows what came after it in this one, and nothing of the other', async () => {
  const eve = await db.session('eve', { project: `${project}-other` });
  await ann.acquireLock({ paths: ['before.ts'] });
  await eve.acquireLock({ paths: ['theirs.ts'] });
  const theirs = (await eve.listEvents({ after: 'now' })).cursor;
  await eve.acquireLock({ paths: ['theirs-too.ts'] });
  await ann.acquireLock({ paths: ['after.ts'] });
  expect(names(await read({ after: theirs }))).toEqual(['acquire_lock lock:after.ts']);
});

test('a cursor tells nothing of what others do: it stays where it is while only they write', async () => {
  const eve = await db.session('eve', { project: `${project}-other` });
  const after = await now();
  await eve.acquireLock({ paths: ['theirs.ts'] });
  expect((await ann.listEvents({ after })).cursor).toBe(after);
  expect(await now()).toBe(after);
});
