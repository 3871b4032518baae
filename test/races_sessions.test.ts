import type { ErrorBody } from '@agentcoord/contract';
import { type Operation, operationNamed } from '@agentcoord/contract';
import { invoke } from '@agentcoord/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { call, Racers } from './helpers/racers.ts';

let db: TestDatabase;
let racers: Racers;
let projectId: number;
let ann: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  racers = await Racers.open(db, 50);
  ann = await db.session('ann', { trust: 4 });
  projectId = (await db.database.call('open_project', { p_name: 'test' })) as number;
});

afterAll(async () => {
  await racers?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

const callerOf = ({ session_id }: TestSession) => ({ project_id: projectId, session_id });

const times = <Item>(count: number, item: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => item(index));

interface Registered {
  session_id: string;
}

describe('when 50 calls come at once', () => {
  test('one label opens one standing session', async () => {
    const p_caller = { project_id: projectId, agent: 'bob', agent_type: 'cli', trust: 2, label: 'cli:default' };
    const answers = await racers.run<Registered>(times(50, () => call('register_session', { p_caller })));
    expect(new Set(answers.map(({ session_id }) => session_id)).size).toBe(1);
    expect(await db.sql`select count(*)::integer from coord.sessions where agent = 'bob'`).toEqual([{ count: 1 }]);
  });

  test('one key opens one standing session', async () => {
    const { key_id } = await ann.createKey({ agent: 'cloud' });
    const p_caller = { project_id: projectId, key_id };
    const answers = await racers.run<Registered>(times(50, () => call('heartbeat', { p_caller })));
    expect(new Set(answers.map(({ session_id }) => session_id)).size).toBe(1);
    expect(await db.sql`select count(*)::integer from coord.sessions where agent = 'cloud'`).toEqual([{ count: 1 }]);
  });

  test('one idempotency key has one effect and gives all the same answer', async () => {
    const p_caller = { ...callerOf(ann), idempotency_key: 'once', input: { title: 'once' } };
    const submit = call('submit_work', { p_caller, p_title: 'once' });
    const answers = await racers.run<Registered>(times(50, () => submit));
    const tasks = await db.sql<{ task_id: string }[]>`select task_id from coord.tasks where title = 'once'`;
    expect(tasks).toHaveLength(1);
    for (const answer of answers) expect(answer).toMatchObject({ task_id: tasks[0]?.task_id });
  });

  test('a new project is made once', async () => {
    const ids = await racers.run<number>(times(20, () => call('open_project', { p_name: 'new' })));
    expect(new Set(ids).size).toBe(1);
  });
});

describe('a sweep that meets the calls of a session which is just lapsing', () => {
  test('leaves it whole or ends it whole', async () => {
    for (let round = 0; round < 6; round++) await lapseDuringCalls(`round-${round}`);
  });

  interface Worker {
    session: TestSession;
    task_id: string;
    path: string;
    token: number;
  }

  async function lapseDuringCalls(type: string): Promise<void> {
    const workers = await Promise.all(times(16, (index) => startWorker(type, index)));
    const complete = ({ session, task_id, token }: Worker) =>
      call('complete_work', { p_caller: callerOf(session), p_task_id: task_id, p_claim_token: token });
    const beat = ({ session }: Worker) => call('heartbeat', { p_caller: callerOf(session), p_automatic: true });
    const statements = [
      call('sweep_projects'),
      ...workers.flatMap((worker) => [complete(worker), beat(worker), call('sweep_projects')]),
    ];
    const [, ...answers] = await racers.run<{ error?: ErrorBody }>(statements, () => endLeasesIn(2));
    // What lapsed behind the last sweep is ended now.
    await db.database.call('sweep_projects', {});
    for (const [index, worker] of workers.entries()) {
      const [completed, beaten] = answers.slice(index * 3, index * 3 + 2);
      await expectWhole(worker, { completed: !completed?.error, beaten: !beaten?.error });
    }
  }

  async function startWorker(type: string, index: number): Promise<Worker> {
    const session = await db.session(`${type}-${index}`, { beats: true });
    const path = `${type}/${index}.ts`;
    await session.acquireLock({ paths: [path] });
    await session.submitWork({ title: type, type: `${type}/${index}`, retry_seconds: 0 });
    const { task, claim_token } = await session.getWork({ types: [`${type}/${index}`] });
    return { session, path, task_id: String(task?.task_id), token: Number(claim_token) };
  }

  /** Spread over some milliseconds, so that some lapse before the calls come and some after. */
  async function endLeasesIn(milliseconds: number): Promise<void> {
    await db.sql`
      update coord.sessions s
      set lease_expires_at = l.at, fresh_until = l.at
      from (
        select session_id, clock_timestamp() + random() * make_interval(secs => ${milliseconds / 1000}) as at
        from coord.sessions
      ) l
      where s.session_id = l.session_id and s.beats and s.ended_at is null`;
  }

  async function expectWhole(worker: Worker, accepted: { completed: boolean; beaten: boolean }): Promise<void> {
    const { session_id } = worker.session;
    const [session] =
      await db.sql`select ended_at is null as alive from coord.sessions where session_id = ${session_id}`;
    const [lock] = await db.sql`select session_id = ${session_id} as held from coord.locks where path = ${worker.path}`;
    const [task] = await db.sql`select status, attempts from coord.tasks where task_id = ${worker.task_id}`;
    expect(lock?.held ?? false).toBe(session?.alive);
    if (accepted.beaten) expect(session?.alive).toBe(true);
    if (accepted.completed) expect(task).toEqual({ status: 'done', attempts: 1 });
    else expect(task).toEqual({ status: session?.alive ? 'claimed' : 'ready', attempts: 1 });
  }
});

test('once a key is revoked, nothing is held with it, whatever was called meanwhile', async () => {
  for (let round = 0; round < 5; round++) {
    const { key_id } = await ann.createKey({ agent: `revoked-${round}` });
    const caller = { project_id: projectId, key_id };
    const type = `revoked-${round}`;
    // Calls that began before the end of the session may claim a task after it again and again.
    await Promise.all(times(10, () => ann.submitWork({ title: type, type, retry_seconds: 0, max_attempts: 20 })));
    const { session_id } = (await invoke(db.database, operation('register_session'), caller, {})) as Registered;
    const calls = (index: number) => [
      call('acquire_lock', { p_caller: caller, p_paths: [`${type}/standing-${index}.ts`] }),
      call('acquire_lock', { p_caller: { ...caller, session_id }, p_paths: [`${type}/session-${index}.ts`] }),
      call('get_work', { p_caller: { ...caller, session_id }, p_types: [type] }),
    ];
    const revoke = call('revoke_key', { p_caller: callerOf(ann), p_key_id: key_id });
    await racers.run([...times(8, calls).flat(), revoke, ...times(8, calls).flat()]);

    const paths = times(8, (index) => [`${type}/standing-${index}.ts`, `${type}/session-${index}.ts`]).flat();
    expect(await ann.acquireLock({ paths })).toMatchObject({ acquired: true });
    for (let task = 0; task < 10; task++) expect(await ann.getWork({ types: [type] })).toMatchObject({ claimed: true });
    const { agents } = await ann.discoverAgents({ limit: 200 });
    expect(agents.filter(({ agent }) => agent === `revoked-${round}`)).toEqual([]);
    await expect(invoke(db.database, operation('heartbeat'), caller, {})).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  }
});

const operation = (name: string) => operationNamed(name) as Operation;
