import { setTimeout as pause } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectId, speakAs } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { type Events, names, untilSettled } from '../helpers/events.ts';
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

async function read(filter: Parameters<TestSession['listEvents']>[0]): Promise<Events> {
  await untilSettled(db, project);
  return (await ann.listEvents(filter)).events;
}

async function now(): Promise<string> {
  await untilSettled(db, project);
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
    await untilSettled(db, project);
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
    await untilSettled(db, project);
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
    await untilSettled(db, project);
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
    await untilSettled(db, project);
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
    await untilSettled(db, project);
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
    await untilSettled(db, project);
    expect((await ann.listEvents({ after })).delay_seconds).toBeUndefined();
  });
});

test('a project that does not exist has no events, and no caller', async () => {
  const nobody = speakAs(db, { project_id: 2_000_000_000, key_id: '000000000000' });
  await expect(nobody.listEvents()).rejects.toMatchObject({ code: 'unauthenticated' });
});
