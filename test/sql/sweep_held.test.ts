import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { expireClaim, lapse } from '../helpers/past.ts';

/** What somebody holds all the time, of his own, keeps nothing of others from happening. */

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const cascade = { on_dependency_failure: 'cascade' } as const;
const past = () => db.sql`
  update coord.tasks set due_at = clock_timestamp() - interval '1 second',
    terms.deadline = clock_timestamp() - interval '1 second' where title = 'late'`;

/** Sweeps while another transaction has these rows. */
async function sweepBeside(task_ids: readonly string[], sweeper: TestSession): Promise<void> {
  await db.sql.begin(async (sql) => {
    await sql`select from coord.tasks where task_id = any (${task_ids}) order by task_id for update`;
    await sweeper.sweep();
  });
}

async function stageOf(project: string) {
  const [eve, bob, sweeper] = [
    await db.session('eve', { project, beats: true }),
    await db.session('bob', { project, beats: true }),
    await db.session('sweeper', { project, trust: 3 }),
  ];
  const statusOf = async (task_id: string) => (await sweeper.getTask({ task_id })).status;
  const claimed = async (session: TestSession, title: string, terms: object = {}) => {
    await session.submitWork({ title, type: title, retry: 'none', ...terms });
    return String((await session.getWork({ types: [title] })).task?.task_id);
  };
  const dependentsOf = async (task_id: string) => {
    const tasks = [1, 2, 3].map(() => ({ title: 'part', depends_on: [task_id], ...cascade }));
    return (await eve.submitWorkBatch({ tasks })).tasks.map((task) => task.task_id);
  };
  return { eve, bob, sweeper, statusOf, claimed, dependentsOf };
}

describe('while somebody holds the dependents of what fails', () => {
  test('deadlines pass, and the dependents fail afterwards', async () => {
    const { eve, bob, sweeper, statusOf, dependentsOf } = await stageOf('deadlines');
    const late = (await eve.submitWork({ title: 'late' })).task_id;
    const parts = await dependentsOf(late);
    const other = (await bob.submitWork({ title: 'late' })).task_id;
    await past();
    await sweepBeside(parts.slice(0, 2), sweeper);
    expect([await statusOf(other), await statusOf(late)]).toEqual(['failed', 'failed']);
    expect(await Promise.all(parts.map(statusOf))).toEqual(['blocked', 'blocked', 'failed']);
    await db.sql`update coord.tasks set due_at = due_at - interval '1 second' where task_id = ${late}`;
    await sweeper.sweep();
    expect(await Promise.all(parts.map(statusOf))).toEqual(['failed', 'failed', 'failed']);
  });

  test('lapsed claims come back', async () => {
    const { eve, bob, sweeper, statusOf, claimed, dependentsOf } = await stageOf('claims');
    const task = await claimed(eve, 'eves');
    const parts = await dependentsOf(task);
    const other = await claimed(bob, 'bobs', { retry: 'linear', retry_seconds: 0 });
    for (const lapsed of [task, other]) await expireClaim(db, lapsed);
    await sweepBeside(parts, sweeper);
    expect([await statusOf(other), await statusOf(task)]).toEqual(['ready', 'failed']);
  });

  test('the dead are ended', async () => {
    const { eve, bob, sweeper, statusOf, claimed, dependentsOf } = await stageOf('sessions');
    const task = await claimed(eve, 'eves');
    const parts = await dependentsOf(task);
    const other = await claimed(bob, 'bobs', { retry: 'linear', retry_seconds: 0 });
    for (const session of [eve, bob]) await lapse(db, session);
    await sweepBeside(parts, sweeper);
    expect([await statusOf(other), await statusOf(task)]).toEqual(['ready', 'failed']);
  });
});

describe('while somebody holds the parent of what fails', () => {
  test('deadlines of others pass, and its own when it is let go', async () => {
    const { eve, bob, sweeper, statusOf } = await stageOf('parents');
    const parent_id = (await eve.submitWork({ title: 'parent' })).task_id;
    const late = (await eve.submitWork({ title: 'late', parent_id })).task_id;
    const other = (await bob.submitWork({ title: 'late' })).task_id;
    await past();
    await sweepBeside([parent_id], sweeper);
    expect([await statusOf(other), await statusOf(late)]).toEqual(['failed', 'ready']);
    await sweeper.sweep();
    expect([await statusOf(late), await statusOf(parent_id)]).toEqual(['failed', 'ready']);
  });

  test('claims of others come back, and its own when it is let go', async () => {
    const { eve, bob, sweeper, statusOf, claimed } = await stageOf('parents of claims');
    const parent_id = (await eve.submitWork({ title: 'parent' })).task_id;
    const task = await claimed(eve, 'eves', { parent_id });
    const other = await claimed(bob, 'bobs', { retry: 'linear', retry_seconds: 0 });
    for (const lapsed of [task, other]) await expireClaim(db, lapsed);
    await sweepBeside([parent_id], sweeper);
    expect([await statusOf(other), await statusOf(task)]).toEqual(['ready', 'claimed']);
    await sweeper.sweep();
    expect(await statusOf(task)).toBe('failed');
  });

  test('a task that is scheduled does not become ready by its deadline', async () => {
    const { eve, sweeper, statusOf } = await stageOf('scheduled');
    const parent_id = (await eve.submitWork({ title: 'parent' })).task_id;
    const run_after = new Date(Date.now() + 3_600_000).toISOString();
    const deadline = new Date(Date.now() + 7_200_000).toISOString();
    const late = (await eve.submitWork({ title: 'late', parent_id, run_after, deadline })).task_id;
    await past();
    await sweepBeside([parent_id], sweeper);
    expect(await statusOf(late)).toBe('scheduled');
    await sweeper.sweep();
    expect(await statusOf(late)).toBe('failed');
  });
});

describe('while others take locks', () => {
  test.each([
    { name: 'for long', pause: 900, expected: ['ready', 'claimed'] },
    { name: 'for a moment', pause: 200, expected: ['ready', 'ready'] },
  ])('lapsed claims come back, $name', async ({ name, pause, expected }) => {
    const { bob, sweeper, statusOf, claimed } = await stageOf(`locks ${name}`);
    const again = { retry: 'linear', retry_seconds: 0 };
    const withPaths = await claimed(bob, 'with-paths', { paths: ['held.ts'], ...again });
    const plain = await claimed(bob, 'plain', again);
    for (const lapsed of [withPaths, plain]) await expireClaim(db, lapsed);
    let sweeping: Promise<unknown> = Promise.resolve();
    await db.sql.begin(async (sql) => {
      await sql`
        select pg_advisory_xact_lock(hashtext('coord.locks'), project_id) from coord.tasks where task_id = ${plain}`;
      sweeping = sweeper.sweep();
      await new Promise((resolve) => setTimeout(resolve, pause));
    });
    await sweeping;
    expect(await Promise.all([plain, withPaths].map(statusOf))).toEqual(expected);
  });
});

describe('however much one agent has to happen', () => {
  test('what is due to others happens in the same sweep', async () => {
    const { eve, bob, sweeper, statusOf } = await stageOf('much is due');
    const run_after = new Date(Date.now() + 3_600_000).toISOString();
    const tasks = Array.from({ length: 100 }, () => ({ title: 'due', run_after }));
    for (let batch = 0; batch < 7; batch++) await eve.submitWorkBatch({ tasks });
    const other = (await bob.submitWork({ title: 'due', run_after })).task_id;
    await db.sql`
      update coord.tasks set due_at = clock_timestamp() - make_interval(secs => case when task_id = ${other} then 1 else 2 end)
      where title = 'due'`;
    await sweeper.sweep();
    expect(await statusOf(other)).toBe('ready');
  });

  test('what is due to others happens with the next claim', async () => {
    const { eve, bob, statusOf } = await stageOf('far more is due');
    const run_after = new Date(Date.now() + 3_600_000).toISOString();
    const tasks = Array.from({ length: 100 }, () => ({ title: 'due', type: 'eves', run_after }));
    for (let batch = 0; batch < 3; batch++) await eve.submitWorkBatch({ tasks });
    const other = (await bob.submitWork({ title: 'due', type: 'bobs', run_after })).task_id;
    await db.sql`
      update coord.tasks set due_at = clock_timestamp() - make_interval(secs => case when task_id = ${other} then 1 else 2 end)
      where title = 'due' and status = 'scheduled'`;
    expect(await bob.getWork({ types: ['bobs'] })).toMatchObject({ claimed: true });
    expect(await statusOf(other)).toBe('claimed');
  });

  test('others are seen beside its sessions', async () => {
    const { eve, bob, sweeper } = await stageOf('many sessions');
    await bob.heartbeat();
    for (const session of [eve, await db.session('eve', { project: 'many sessions', beats: true })]) {
      for (let count = 0; count < 50; count++) await session.openSubagent({ name: `part-${count}` });
    }
    const { agents } = await sweeper.discoverAgents({ limit: 3 });
    expect(agents.map(({ agent }) => agent)).toContain('bob');
    expect((await sweeper.getTaskBoard()).agents.map(({ agent }) => agent)).toContain('bob');
  });

  test.each(['in the same project', 'elsewhere'])('handoffs of others are made, %s', async (where) => {
    const project = `many ends ${where}`;
    const { eve } = await stageOf(project);
    const endMany = () => db.sql`
      insert into coord.sessions select (jsonb_populate_record(s, jsonb_build_object('session_id', gen_random_uuid(),
        'ended_at', clock_timestamp(), 'fresh_until', '-infinity', 'handoff_xact', pg_current_xact_id(), 'label', null))).*
      from coord.sessions s, generate_series(1, 2000) where s.session_id = ${eve.session_id}`;
    await endMany();
    const bob = await db.session('bob', { project: where === 'elsewhere' ? where : project });
    await bob.acquireLock({ paths: ['a.ts'] });
    await bob.endSession();
    await endMany();
    await db.database.call('sweep_projects', {});
    expect(await db.sql`select from coord.handoffs where session_id = ${bob.session_id}`).toHaveLength(1);
  });
});

describe('a call that is refused', () => {
  const calls: Record<string, (task_id: string) => [operation: string, args: Record<string, unknown>]> = {
    'a submission that names it': (task_id) => [
      'submit_work',
      { p_title: 'x', p_depends_on: [task_id], p_escalate_to: 'no-such-agent' },
    ],
    'a cancellation': (task_id) => ['cancel_task', { p_task_id: task_id }],
    'a retry': (task_id) => ['retry_task', { p_task_id: task_id }],
    'a failure that somebody else reports': (task_id) => [
      'complete_work',
      { p_task_id: task_id, p_claim_token: 1, p_success: false },
    ],
  };

  test.each(Object.entries(calls))('keeps nobody else from a task of others: %s', async (name, call) => {
    const { eve, bob } = await stageOf(`refused ${name}`);
    const parent_id = (await bob.submitWork({ title: 'parent' })).task_id;
    const { task_id } = await bob.submitWork({ title: 'part', parent_id });
    const [operation, args] = call(task_id);
    const names = Object.keys(args).map((argument, index) => `, ${argument} => $${index + 2}`);
    await db.sql.begin(async (sql) => {
      const [row] = await sql.unsafe(
        `select coord.${operation}(jsonb_build_object('project_id', s.project_id, 'session_id', s.session_id)${names.join('')}) as answer
        from coord.sessions s where s.session_id = $1`,
        [eve.session_id, ...Object.values(args)] as never[],
      );
      expect(row?.answer).toHaveProperty('error');
      const free = await db.sql`
        select from coord.tasks where task_id in (${parent_id}, ${task_id}) for update skip locked`;
      expect(free).toHaveLength(2);
    });
  });
});
