import type { ErrorBody } from '@agentcoord/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { call, Racers } from './helpers/racers.ts';

const crowd = 50;

interface LockAnswer {
  acquired: boolean;
  locks?: { path: string; token: number }[];
  blocked_by?: { agent: string }[];
}

let db: TestDatabase;
let racers: Racers;
let sessions: TestSession[];
let projectId: number;

beforeAll(async () => {
  db = await cloneDatabase();
  racers = await Racers.open(db, crowd);
  sessions = await Promise.all(Array.from({ length: crowd }, (_, index) => db.session(`racer-${index}`)));
  projectId = (await db.database.call('open_project', { p_name: 'test' })) as number;
});

afterAll(async () => {
  await racers?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

const callerOf = (session: TestSession) => ({ project_id: projectId, session_id: session.session_id });

const acquire = (session: TestSession, ...paths: string[]) =>
  call('acquire_lock', { p_caller: callerOf(session), p_paths: paths, p_reason: 'race' });

async function raceForLock(path: string): Promise<{ winner: TestSession; token: number }> {
  const answers = await racers.run<LockAnswer>(sessions.map((session) => acquire(session, path)));
  const winners = sessions.filter((_, index) => answers[index]?.acquired);
  expect(winners).toHaveLength(1);
  const [winner] = winners as [TestSession];
  for (const answer of answers) {
    if (!answer.acquired)
      expect(answer.blocked_by).toMatchObject([{ path, agent: `racer-${sessions.indexOf(winner)}` }]);
  }
  const token = answers.find(({ acquired }) => acquired)?.locks?.[0]?.token;
  return { winner, token: Number(token) };
}

describe('when 50 sessions reach for one lock at once', () => {
  test('one gets it and the others are told who', async () => {
    expect((await raceForLock('new.ts')).token).toBe(1);
  });

  test('one gets it that was released', async () => {
    const { winner } = await raceForLock('released.ts');
    await winner.releaseLock({ paths: ['released.ts'] });
    expect((await raceForLock('released.ts')).token).toBe(2);
  });

  test('one gets it that has expired', async () => {
    await raceForLock('expired.ts');
    await db.sql`update coord.locks set expires_at = clock_timestamp() - interval '1 second' where path = 'expired.ts'`;
    expect((await raceForLock('expired.ts')).token).toBe(2);
  });

  test('one gets it from a session that has lapsed', async () => {
    const lapsed = await db.session('lapsed', { beats: true });
    await lapsed.acquireLock({ paths: ['lapsed.ts'] });
    await db.sql`
      update coord.sessions set lease_expires_at = clock_timestamp() - interval '3 seconds', fresh_until = '-infinity'
      where session_id = ${lapsed.session_id}`;
    expect((await raceForLock('lapsed.ts')).token).toBe(2);
  });
});

describe('work', () => {
  test('one task is claimed by one of 50 sessions', async () => {
    await sessions[0]?.submitWork({ title: 'only one' });
    const claim = (session: TestSession) => call('get_work', { p_caller: callerOf(session) });
    const answers = await racers.run<{ claimed: boolean }>(sessions.map(claim));
    expect(answers.filter(({ claimed }) => claimed)).toHaveLength(1);
  });

  test('500 tasks are each done once by 50 workers', async () => {
    await db.sql.unsafe(`
      select ${call('submit_work', { p_caller: callerOf(sessions[0] as TestSession), p_title: 'drain', p_type: 'drain' }).slice(7)}
      from generate_series(1, 500)`);
    const done = await Promise.all(sessions.map((session, index) => drain(session, index)));
    expect(new Set(done.flat()).size).toBe(500);
    expect(done.flat()).toHaveLength(500);
    const rows = await db.sql`
      select status, attempts, claim_token::integer as token, count(*)::integer from coord.tasks where type = 'drain'
      group by 1, 2, 3`;
    expect(rows).toEqual([{ status: 'done', attempts: 1, token: 1, count: 500 }]);
  });

  async function drain(session: TestSession, index: number): Promise<string[]> {
    const p_caller = callerOf(session);
    const done: string[] = [];
    for (;;) {
      const work = await ask<{ claimed: boolean; claim_token: number; task: { task_id: string } }>(
        index,
        call('get_work', { p_caller, p_types: ['drain'] }),
      );
      if (!work.claimed) return done;
      const { task_id } = work.task;
      await ask(index, call('complete_work', { p_caller, p_task_id: task_id, p_claim_token: work.claim_token }));
      done.push(task_id);
    }
  }

  async function ask<Answer>(index: number, statement: string): Promise<Answer> {
    const rows = await racers.clients[index]?.unsafe<{ answer: Answer }[]>(statement);
    return rows?.[0]?.answer as Answer;
  }

  test('of several completions of one claim one is accepted', async () => {
    const [worker] = sessions as [TestSession];
    for (let round = 0; round < 10; round++) {
      const { task_id } = await worker.submitWork({ title: 'twice', type: 'twice', max_attempts: 1 });
      const { claim_token } = await worker.getWork({ types: ['twice'] });
      const complete = (success: boolean) =>
        call('complete_work', {
          ...{ p_caller: callerOf(worker), p_task_id: task_id, p_claim_token: claim_token, p_success: success },
        });
      const answers = await racers.run<{ status?: string; error?: ErrorBody }>(
        [true, false, true, false].map(complete),
      );
      const accepted = answers.filter(({ error }) => !error);
      expect(accepted).toHaveLength(1);
      for (const { error } of answers) if (error) expect(error).toMatchObject({ code: 'conflict' });
      expect(await worker.getTask({ task_id })).toMatchObject({ status: accepted[0]?.status });
    }
  });

  test('a task submitted while its dependency completes is never stuck', async () => {
    const [worker] = sessions as [TestSession];
    const p_caller = callerOf(worker);
    for (let round = 0; round < 4; round++) {
      const statements: string[] = [];
      for (let pair = 0; pair < crowd / 2; pair++) {
        const { task_id } = await worker.submitWork({ title: 'first', type: 'first' });
        const { claim_token } = await worker.getWork({ types: ['first'] });
        statements.push(
          call('complete_work', { p_caller, p_task_id: task_id, p_claim_token: claim_token }),
          call('submit_work', { p_caller, p_title: 'then', p_type: 'then', p_depends_on: [task_id] }),
        );
      }
      await racers.run(statements);
    }
    const rows = await db.sql`
      select status, unmet, count(*)::integer from coord.tasks where type = 'then' group by 1, 2`;
    expect(rows).toEqual([{ status: 'ready', unmet: 0, count: 100 }]);
  });
});

test('many paths in opposite orders are locked all or none, without a deadlock', async () => {
  const paths = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `order/${name}.ts`);
  const holding = new Map<TestSession, string[]>();
  for (let round = 0; round < 12; round++) {
    const wanted = sessions.map((session, index) => {
      const mask = 1 + ((index * 11 + round * 17) % 63);
      const some = holding.get(session) ?? paths.filter((_, place) => (mask >> place) & 1);
      return index % 2 ? some : some.toReversed();
    });
    const statements = sessions.map((session, index) => {
      const p_paths = wanted[index] as string[];
      return holding.has(session)
        ? call('release_lock', { p_caller: callerOf(session), p_paths })
        : acquire(session, ...p_paths);
    });
    const answers = await racers.run<LockAnswer>(statements);
    sessions.forEach((session, index) => {
      if (!holding.delete(session) && answers[index]?.acquired) holding.set(session, wanted[index] as string[]);
    });
    const rows = await db.sql<{ path: string; session_id: string }[]>`
      select path, session_id from coord.locks where path like 'order/%' and session_id is not null order by path`;
    const expected = [...holding].flatMap(([{ session_id }, held]) => held.map((path) => ({ path, session_id })));
    expect([...rows]).toEqual(expected.sort((one, other) => one.path.localeCompare(other.path)));
  }
});
