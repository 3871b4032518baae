import { setTimeout as pause } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { timed } from '../helpers/waiting.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let project: string;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());
beforeEach(async () => {
  project = `events-${++projects}`;
  ann = await db.session('ann', { project });
  bob = await db.session('bob', { project });
});

type Events = Awaited<ReturnType<TestSession['listEvents']>>['events'];

/** Resolves once nothing is kept back: a transaction that notifies or so may be passed by another in commit. */
async function settled(): Promise<void> {
  const project_id = await projectId(db, project);
  const isSettled = async () =>
    (await db.sql`select coord._event_delay(${project_id}, coord._horizon(true)) is null as is_settled`)[0]?.is_settled;
  await expect.poll(isSettled).toBe(true);
}

async function read(filter: Parameters<TestSession['listEvents']>[0]): Promise<Events> {
  await settled();
  return (await ann.listEvents(filter)).events;
}

const names = (events: Events) => events.map(({ operation, subjects }) => `${operation} ${subjects.join(' ')}`);
async function now(): Promise<string> {
  await settled();
  return (await ann.listEvents({ after: 'now' })).cursor;
}

/** A transaction of another connection that has begun to write, and stays open until it is told to end. */
async function openTransaction(connection = db.connection): Promise<{
  sql: postgres.ReservedSql;
  end(how: 'commit' | 'rollback'): Promise<void>;
}> {
  const client = typeof connection === 'string' ? postgres(connection) : postgres(connection);
  const sql = await client.reserve();
  await sql`begin`;
  await sql`select pg_current_xact_id()`;
  return {
    sql,
    async end(how) {
      await sql.unsafe(how);
      sql.release();
      await client.end({ timeout: 1 });
    },
  };
}

describe('list_events', () => {
  test('answers what happened, oldest first, and from its cursor on only what came since', async () => {
    const begun = await now();
    await ann.acquireLock({ paths: ['a.ts'] });
    const { task_id } = await bob.submitWork({ title: 'one' });
    await settled();
    const first = await ann.listEvents({ after: begun });
    expect(names(first.events)).toEqual(['acquire_lock lock:a.ts', `submit_work task:${task_id}`]);
    expect(first).toMatchObject({ received: true, more: false, cursor: first.events[1]?.cursor });
    expect(first.events[0]).toMatchObject({ agent: 'ann', session_id: ann.session_id, outcome: 'ok' });
    const { cursor } = first;
    expect(await ann.listEvents({ after: cursor })).toEqual({ received: false, events: [], more: false, cursor });
    await ann.releaseLock({ paths: ['a.ts'] });
    expect(names(await read({ after: cursor }))).toEqual(['release_lock lock:a.ts']);
  });

  test('without a cursor begins with the oldest that is kept, page by page', async () => {
    for (const path of ['a.ts', 'b.ts', 'c.ts']) await ann.acquireLock({ paths: [path] });
    await settled();
    const all = await ann.listEvents();
    expect(names(all.events.slice(-3))).toEqual([
      'acquire_lock lock:a.ts',
      'acquire_lock lock:b.ts',
      'acquire_lock lock:c.ts',
    ]);
    const pages: Events = [];
    let more = true;
    for (let after = '0-0'; more; ) {
      const page = await ann.listEvents({ after, limit: 2 });
      pages.push(...page.events);
      ({ more, cursor: after } = page);
    }
    expect(pages).toEqual(all.events);
  });

  test('filters by the beginning of a subject, by agent, operation, task and session', async () => {
    await ann.acquireLock({ paths: ['src/api/a.ts', 'src/web/b.ts'] });
    await bob.acquireLock({ paths: ['docs/c.md'] });
    await bob.acquireLock({ paths: ['src/web/b.ts'] });
    await ann.releaseLock({ paths: ['src/api/a.ts', 'src/web/b.ts'] });
    const { task_id } = await bob.submitWork({ title: 'one' });
    const { claim_token = 0 } = await ann.getWork();
    await ann.completeWork({ task_id, claim_token });
    await settled();
    const list = async (filter: Parameters<TestSession['listEvents']>[0]) =>
      names((await ann.listEvents(filter)).events);
    const both = 'lock:src/api/a.ts lock:src/web/b.ts';
    expect(await list({ subject: 'lock:src/api/' })).toEqual([`acquire_lock ${both}`, `release_lock ${both}`]);
    const web = [`acquire_lock ${both}`, 'acquire_lock lock:src/web/b.ts', `release_lock ${both}`];
    expect(await list({ subject: 'lock:src/web/b.ts' })).toEqual(web);
    expect(await list({ subject: 'lock:', agent: 'bob' })).toEqual([
      'acquire_lock lock:docs/c.md',
      'acquire_lock lock:src/web/b.ts',
    ]);
    const life = ['submit_work', 'get_work', 'complete_work'].map((operation) => `${operation} task:${task_id}`);
    expect(await list({ task_id })).toEqual(life);
    expect(await list({ subject: 'task:' })).toEqual(life);
    expect(await list({ operation: 'get_work' })).toEqual([life[1]]);
    expect(await list({ session_id: bob.session_id, subject: 'task:' })).toEqual([life[0]]);
    expect(await list({ task_id, subject: 'lock:' })).toEqual([]);
  });

  test('moves on over many rows that the filter lets not pass', async () => {
    const begun = await now();
    await db.sql`
      insert into coord.journal (project_id, operation, resource, outcome)
      select ${await projectId(db, project)}::integer, 'sweep', 'project', 'ok' from generate_series(1, 25000)`;
    await ann.submitWork({ title: 'rare' });
    await settled();
    const first = await ann.listEvents({ after: begun, subject: 'task:' });
    expect(first).toMatchObject({ received: true, more: true, events: [] });
    const second = await ann.listEvents({ after: first.cursor, subject: 'task:' });
    expect(second).toMatchObject({ received: true, more: false, events: [{ operation: 'submit_work' }] });
  });

  test('waits for any change, also for one that lets nobody go on', async () => {
    const after = await now();
    const waiting = timed(bob.listEvents({ after, wait_seconds: 20 }));
    await pause(50);
    const begun = performance.now();
    await ann.acquireLock({ paths: ['woken.ts'] });
    const { answer, at } = await waiting;
    expect(names(answer.events)).toEqual(['acquire_lock lock:woken.ts']);
    expect(at - begun).toBeLessThan(500);
  });
});

describe('the order of commits', () => {
  /** Submits a task in the open transaction, and answers what the event will be about. */
  async function submitLate({ sql }: Awaited<ReturnType<typeof openTransaction>>): Promise<string> {
    const caller = {
      project_id: await projectId(db, project),
      agent: 'late',
      agent_type: 't',
      trust: 2,
      label: 'late',
    };
    const [row] = await sql<{ answer: { task_id: string } }[]>`
      select coord.submit_work(${sql.json(caller)}, 'late') as answer`;
    return `task:${row?.answer.task_id}`;
  }

  test('holds back what came after a transaction that is still open, and then nothing is missed', async () => {
    const begun = await now();
    const open = await openTransaction();
    const late = await submitLate(open);
    const early = `task:${(await ann.submitWork({ title: 'early' })).task_id}`;
    expect(await ann.listEvents({ after: begun })).toMatchObject({ received: false, events: [], cursor: begun });
    await open.end('commit');
    expect(names(await read({ after: begun, operation: 'submit_work' }))).toEqual([
      `submit_work ${late}`,
      `submit_work ${early}`,
    ]);
  });

  test('loses nothing that commits late while somebody reads on', async () => {
    const seen: string[] = [];
    let after = await now();
    const readOn = async () => {
      const page = await ann.listEvents({ after, operation: 'submit_work', limit: 200 });
      seen.push(...page.events.flatMap(({ subjects }) => subjects));
      after = page.cursor;
    };
    const expected: string[] = [];
    for (let round = 0; round < 10; round++) {
      const open = await openTransaction();
      expected.push(await submitLate(open), `task:${(await ann.submitWork({ title: 'early' })).task_id}`);
      await readOn();
      await open.end('commit');
      if (round % 2) await readOn();
    }
    await settled();
    await readOn();
    expect(seen).toEqual(expected);
  });

  test('does not wait for a transaction in another database of the server', async () => {
    await using other = await cloneDatabase();
    const open = await openTransaction(other.connection);
    const after = await now();
    await ann.submitWork({ title: 'early' });
    expect(names(await read({ after }))).toMatchObject([expect.stringMatching(/^submit_work /)]);
    await open.end('commit');
  });

  test('says how long newer events have been kept back, once it is noticeable', async () => {
    const after = await now();
    const open = await openTransaction();
    await db.sql`
      insert into coord.journal (project_id, operation, resource, outcome, at)
      values (${await projectId(db, project)}, 'sweep', 'project', 'ok', clock_timestamp() - interval '90 seconds')`;
    expect(await ann.listEvents({ after })).toMatchObject({ received: false, delay_seconds: 90 });
    await open.end('rollback');
    await settled();
    expect((await ann.listEvents({ after })).delay_seconds).toBeUndefined();
  });
});

describe('a cursor', () => {
  test('older than what is kept is refused with the oldest one, from which reading goes on', async () => {
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

  test('of a quiet project never grows old: nothing was lost', async () => {
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

  test('of the future is refused: this database has given it to nobody', async () => {
    for (const after of ['999999999999999999-1', `${Number((await now()).split('-')[0]) + 1000}-0`]) {
      await expect(ann.listEvents({ after })).rejects.toMatchObject({
        code: 'invalid_input',
        details: { reason: 'cursor_unknown' },
      });
    }
  });

  test('of another project shows what came after it in this one, and nothing of the other', async () => {
    const eve = await db.session('eve', { project: `${project}-other` });
    await ann.acquireLock({ paths: ['before.ts'] });
    await eve.acquireLock({ paths: ['theirs.ts'] });
    const theirs = (await eve.listEvents({ after: 'now' })).cursor;
    await eve.acquireLock({ paths: ['theirs-too.ts'] });
    await ann.acquireLock({ paths: ['after.ts'] });
    expect(names(await read({ after: theirs }))).toEqual(['acquire_lock lock:after.ts']);
  });

  test('tells nothing of what others do: it stays where it is while only they write', async () => {
    const eve = await db.session('eve', { project: `${project}-other` });
    const after = await now();
    await eve.acquireLock({ paths: ['theirs.ts'] });
    expect((await ann.listEvents({ after })).cursor).toBe(after);
    expect(await now()).toBe(after);
  });
});

test('a project that does not exist has no events, and no caller', async () => {
  const nobody = speakAs(db, { project_id: 2_000_000_000, key_id: '000000000000' });
  await expect(nobody.listEvents()).rejects.toMatchObject({ code: 'unauthenticated' });
});
