import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';
import { expireClaim, lapse } from '../helpers/past.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const nothing = { ended_sessions: 0, returned_tasks: 0, released_locks: 0 };

describe('a sweep', () => {
  test('ends lapsed sessions, frees their locks and gives their tasks back', async () => {
    const sweeper = await db.session('sweeper', { project: 'one', trust: 3 });
    const dead = await db.session('dead', { project: 'one', beats: true });
    await dead.acquireLock({ paths: ['a.ts', 'b.ts'] });
    await dead.submitWork({ title: 'task', retry_seconds: 0 });
    const { task } = await dead.getWork();
    await lapse(db, dead);
    expect(await sweeper.sweep()).toEqual({ ended_sessions: 1, returned_tasks: 1, released_locks: 2 });
    const returned = await sweeper.getTask({ task_id: String(task?.task_id) });
    expect(returned).toMatchObject({ status: 'ready', attempts: 1, error: expect.stringContaining('lapsed') });
    expect(await sweeper.sweep()).toEqual(nothing);
  });

  test('gives lapsed claims back and leaves the session that had them alone', async () => {
    const sweeper = await db.session('sweeper', { project: 'two', trust: 3 });
    const slow = await db.session('slow', { project: 'two', beats: true });
    await slow.submitWork({ title: 'task' });
    const { task } = await slow.getWork();
    await slow.acquireLock({ paths: ['kept.ts'] });
    await expireClaim(db, String(task?.task_id));
    expect(await sweeper.sweep()).toEqual({ ...nothing, returned_tasks: 1 });
    expect(await slow.checkLocks()).toMatchObject({ locks: [{ path: 'kept.ts', mine: true }] });
  });

  test('does not touch what lives', async () => {
    const sweeper = await db.session('sweeper', { project: 'three', trust: 3 });
    const beating = await db.session('beating', { project: 'three', beats: true });
    const silent = await db.session('silent', { project: 'three' });
    for (const session of [beating, silent]) await session.acquireLock({ paths: [`${session.session_id}.ts`] });
    await beating.submitWork({ title: 'task' });
    await beating.getWork();
    expect(await sweeper.sweep()).toEqual(nothing);
    expect((await sweeper.checkLocks()).locks).toHaveLength(2);
  });

  test('ends a session that does not beat when it was not heard of for a day', async () => {
    const sweeper = await db.session('sweeper', { project: 'day', trust: 3 });
    const [silent, quiet] = [
      await db.session('silent', { project: 'day' }),
      await db.session('quiet', { project: 'day' }),
    ];
    for (const [session, hours] of [
      [silent, 25],
      [quiet, 23],
    ] as const) {
      await session.acquireLock({ paths: [`${hours}.ts`], ttl_seconds: 28_800 });
      await db.sql`
        update coord.sessions set last_call_at = clock_timestamp() - make_interval(hours => ${hours})
        where session_id = ${session.session_id}`;
    }
    expect(await sweeper.sweep()).toEqual({ ...nothing, ended_sessions: 1, released_locks: 1 });
    expect((await sweeper.checkLocks()).locks.map(({ path }) => path)).toEqual(['23.ts']);
  });

  test('of one project leaves the others alone, and that of the server does all', async () => {
    const sweeper = await db.session('sweeper', { project: 'four', trust: 3 });
    const dead = await db.session('dead', { project: 'five', beats: true });
    await lapse(db, dead);
    expect(await sweeper.sweep()).toEqual(nothing);
    expect(await db.database.call('sweep_projects', {})).toEqual({ ...nothing, ended_sessions: 1 });
  });

  test('gives way to another that is under way', async () => {
    const dead = await db.session('dead', { beats: true });
    await lapse(db, dead);
    await db.sql.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('coord.sweep', 0))`;
      expect(await db.database.call('sweep_projects', {})).toEqual(nothing);
    });
    expect(await db.database.call('sweep_projects', {})).toEqual({ ...nothing, ended_sessions: 1 });
  });

  test('now and then forgets idempotency keys after 48 hours and ended sessions after 30 days', async () => {
    const ann = await db.session('ann');
    for (const idempotency_key of ['old', 'young']) await ann.submitWork({ title: 'task' }, { idempotency_key });
    await db.sql`update coord.idempotency_keys set created_at = created_at - interval '48 hours 1 second' where key = 'old'`;
    await db.sql`update coord.idempotency_keys set created_at = created_at - interval '47 hours' where key = 'young'`;
    const [old, young] = [await db.session('old'), await db.session('young')];
    for (const session of [old, young]) await session.endSession();
    await db.sql`
      update coord.sessions set ended_at = ended_at - interval '30 days 1 second' where session_id = ${old.session_id}`;
    // What a sweep does by chance, because the search is dear.
    await db.sql`select coord._forget()`;
    expect(await db.sql`select key from coord.idempotency_keys`).toEqual([{ key: 'young' }]);
    const sessions = await db.sql`select agent from coord.sessions where agent in ('old', 'young')`;
    expect(sessions).toEqual([{ agent: 'young' }]);
  });

  test('needs trust 3', async () => {
    const ann = await db.session('ann');
    await expect(ann.sweep()).rejects.toMatchObject({
      code: 'forbidden',
      details: { reason: 'insufficient_trust_level' },
    });
  });

  test('is not needed: what a lapsed session held is free before', async () => {
    const dead = await db.session('dead', { project: 'six', beats: true });
    await dead.acquireLock({ paths: ['free.ts'] });
    await dead.submitWork({ title: 'task', retry_seconds: 0 });
    await dead.getWork();
    await lapse(db, dead);
    const heir = await db.session('heir', { project: 'six' });
    expect(await heir.checkLocks()).toMatchObject({ locks: [] });
    expect(await heir.getTaskBoard()).toMatchObject({ locks: 0 });
    expect(await heir.acquireLock({ paths: ['free.ts'] })).toMatchObject({ acquired: true });
    expect(await heir.getWork()).toMatchObject({ claimed: true });
    expect((await heir.discoverAgents()).agents.map(({ agent }) => agent)).toEqual(['heir']);
  });
});
