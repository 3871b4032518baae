import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { lapse } from '../helpers/past.ts';

let db: TestDatabase;
let reader: TestSession;

beforeAll(async () => {
  db = await cloneDatabase();
  reader = await db.session('reader', { trust: 4 });
});
afterAll(() => db?.[Symbol.asyncDispose]());

const of = async (agent: string) => (await reader.readHandoff({ agent })).handoffs;
const stored = ({ session_id }: TestSession) =>
  db.sql`select handoff_id, automatic from coord.handoffs where session_id = ${session_id}`;

/** Claims a new task of that title. */
async function claim(session: TestSession, title: string) {
  const type = `only-${title}`;
  await session.submitWork({ title, type });
  const { task, claim_token } = await session.getWork({ types: [type] });
  return { task_id: String(task?.task_id), claim_token: Number(claim_token) };
}

describe('a handoff that an agent writes', () => {
  test('is read as it was written, newest first, by agent and by id', async () => {
    const ann = await db.session('ann');
    const whole = {
      summary: 'Parser half done.',
      completed: ['Lexer'],
      in_progress: ['Parser: statements are missing'],
      decisions: ['No generator, because of error messages'],
      next_steps: ['Statements'],
      relevant_files: ['src/lexer.ts', 'src/parser.ts'],
    };
    const { handoff_id } = await ann.writeHandoff(whole);
    const second = await ann.writeHandoff({ summary: 'Parser done.' });
    const [newest, first, ...others] = await of('ann');
    expect(others).toEqual([]);
    expect(newest).toMatchObject({ handoff_id: second.handoff_id, completed: [], relevant_files: [] });
    expect(first).toMatchObject({ ...whole, handoff_id, session_id: ann.session_id, automatic: false });
    expect((await reader.readHandoff({ handoff_id })).handoffs).toEqual([first]);
    expect((await reader.readHandoff({ limit: 1 })).handoffs).toEqual([newest]);
  });

  test('has its files under their one name, and none outside of the repository', async () => {
    const ann = await db.session('files');
    await ann.writeHandoff({ summary: 'x', relevant_files: ['./src//a.ts', 'src/a.ts'] });
    expect((await of('files'))[0]?.relevant_files).toEqual(['src/a.ts']);
    await expect(ann.writeHandoff({ summary: 'x', relevant_files: ['../etc'] })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    expect(await of('files')).toHaveLength(1);
  });

  test('is refused when all of it together is long, or when the agent has said too much', async () => {
    const ann = await db.session('talker');
    const completed = Array.from({ length: 20 }, () => 'x'.repeat(1800));
    await expect(ann.writeHandoff({ summary: 'x', completed })).rejects.toMatchObject({ code: 'invalid_input' });
    await db.sql`
      update coord.agents set messages = 995, messages_since = clock_timestamp() where agent = 'talker'`;
    await expect(ann.writeHandoff({ summary: 'x' })).rejects.toMatchObject({ code: 'limit_exceeded' });
    expect(await of('talker')).toEqual([]);
  });

  test('is refused once the session has ended', async () => {
    const ann = await db.session('late');
    await ann.endSession();
    await expect(ann.writeHandoff({ summary: 'x' })).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('of an unknown id, or of another project, is not there', async () => {
    const eve = await db.session('eve', { project: 'theirs' });
    const { handoff_id } = await eve.writeHandoff({ summary: 'theirs' });
    await expect(reader.readHandoff({ handoff_id })).rejects.toMatchObject({ code: 'not_found' });
    expect(await of('eve')).toEqual([]);
  });
});

describe('a session that ends without a handoff', () => {
  test('gets one from the journal: what it finished, what it left, what was still locked', async () => {
    const bob = await db.session('bob');
    await bob.registerSession({ working_on: 'the queue' });
    await bob.acquireLock({ paths: ['src/a.ts', 'src/b.ts'] });
    await bob.releaseLock({ paths: ['src/a.ts'] });
    await bob.completeWork(await claim(bob, 'first'));
    const second = await claim(bob, 'second');
    await bob.reportProgress({ ...second, note: 'half of it' });
    await bob.completeWork({ ...(await claim(bob, 'third')), success: false, error: 'no network' });
    await bob.logDecision({ type: 'scope', context: 'No retries.', reason: 'They hide faults.' });
    await bob.endSession({ reason: 'lunch' });
    const [handoff, ...others] = await of('bob');
    expect(others).toEqual([]);
    expect(handoff).toMatchObject({
      handoff_id: bob.session_id,
      automatic: true,
      completed: [expect.stringMatching(/^first \(task:/)],
      in_progress: [
        `second (task:${second.task_id}): half of it`,
        expect.stringMatching(/^third .*: attempt failed: no network$/),
      ],
      decisions: ['scope: No retries. Because: They hide faults.'],
      relevant_files: ['src/a.ts', 'src/b.ts'],
    });
    expect(handoff?.summary).toMatch(/^Put together from the journal: bob ended without a handoff \(lunch\)\./);
    expect(handoff?.summary).toContain('working on: the queue');
    expect(handoff?.next_steps.join()).toMatch(/half-made changes.*: src\/b\.ts$/);
  });

  test('gets one that does not count what was forced away as still locked', async () => {
    const zoe = await db.session('zoe');
    await zoe.acquireLock({ paths: ['kept.ts'] });
    await zoe.acquireLock({ paths: ['forced.ts'] });
    await reader.forceReleaseLock({ paths: ['forced.ts'], reason: 'needed' });
    await zoe.endSession();
    const [handoff] = await of('zoe');
    expect(handoff?.summary).toContain('Paths locked: 2, of which 1 at the end.');
    expect(handoff?.next_steps.join()).not.toContain('forced.ts');
  });

  test('has the same one before and after the sweeper has made it, once', async () => {
    const bob = await db.session('once');
    await bob.acquireLock({ paths: ['once.ts'] });
    await bob.endSession();
    const before = await of('once');
    expect(await stored(bob)).toHaveLength(0);
    await Promise.all([reader.sweep(), db.database.call('sweep_projects', {}), reader.sweep()]);
    await reader.sweep();
    expect(await of('once')).toEqual(before);
    expect(await stored(bob)).toEqual([{ handoff_id: bob.session_id, automatic: true }]);
  });

  test('gets one when it ends, lapses and is swept at the same instant', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => db.session('instant', { beats: true })));
    for (const session of sessions) await session.acquireLock({ paths: [`${session.session_id}.ts`] });
    await Promise.all(sessions.slice(0, 4).map((session) => lapse(db, session)));
    const ends = sessions.map((session) => session.endSession().catch(() => {}));
    await Promise.all([...ends, reader.sweep(), reader.sweep(), db.database.call('sweep_projects', {})]);
    await reader.sweep();
    await reader.sweep();
    for (const session of sessions) expect(await stored(session)).toHaveLength(1);
  });

  test('gets one when it dies, too', async () => {
    const bob = await db.session('dead', { beats: true });
    await claim(bob, 'deadly');
    await lapse(db, bob);
    await reader.sweep();
    expect(await of('dead')).toMatchObject([{ automatic: true, in_progress: [expect.stringContaining('deadly')] }]);
  });

  test('gets none when it wrote one itself, or did nothing', async () => {
    const [wrote, idle, refused] = [await db.session('wrote'), await db.session('idle'), await db.session('refused')];
    await wrote.acquireLock({ paths: ['wrote.ts'] });
    await wrote.writeHandoff({ summary: 'mine' });
    await idle.registerSession({ working_on: 'nothing' });
    await idle.checkLocks();
    await idle.openSubagent({ name: 'part' });
    await refused.acquireLock({ paths: ['wrote.ts'] });
    for (const session of [wrote, idle, refused]) await session.endSession();
    await reader.sweep();
    expect(await of('wrote')).toMatchObject([{ summary: 'mine' }]);
    expect([...(await of('idle')), ...(await of('refused'))]).toEqual([]);
  });

  test('gets a short one, however much it did', async () => {
    const bob = await db.session('busy');
    for (let index = 0; index < 60; index++) {
      const paths = Array.from({ length: 5 }, (_, part) => `busy/${index}/${'x'.repeat(150)}${part}.ts`);
      await bob.acquireLock({ paths });
      await bob.completeWork(await claim(bob, `t${index}`));
    }
    await bob.endSession();
    const [handoff] = await of('busy');
    expect(handoff?.completed).toHaveLength(20);
    expect(handoff?.relevant_files).toHaveLength(50);
    expect(handoff?.summary).toContain('Tasks done: 60');
    expect(JSON.stringify(handoff).length).toBeLessThan(20_000);
  });

  test('does not keep the sweeper from its work when one cannot be made', async () => {
    const [bob, cat] = [await db.session('broken'), await db.session('whole')];
    for (const session of [bob, cat]) await claim(session, session.session_id);
    await Promise.all([bob.endSession(), cat.endSession()]);
    await db.sql`insert into coord.handoffs (project_id, handoff_id, session_id, agent, agent_type, summary)
      select project_id, session_id, gen_random_uuid(), 'x', 'x', 'x' from coord.sessions
      where session_id = ${bob.session_id}`;
    await reader.sweep();
    expect(await stored(cat)).toHaveLength(1);
    const failed = await db.sql`select outcome from coord.journal
      where operation = 'sweep' and resource = ${`session:${bob.session_id}`}`;
    expect(failed).toEqual([{ outcome: 'internal' }]);
  });
});

describe('writing while the session ends', () => {
  test('comes first: the end waits for it, and nothing is made beside it', async () => {
    const bob = await db.session('first');
    await bob.acquireLock({ paths: ['first.ts'] });
    let ending: Promise<unknown> = Promise.resolve();
    await db.sql.begin(async (sql) => {
      await sql`
        select coord.write_handoff(jsonb_build_object('project_id', s.project_id, 'session_id', s.session_id), 'mine')
        from coord.sessions s where s.session_id = ${bob.session_id}`;
      ending = bob.endSession();
      await Promise.race([ending, somebodyWaits()]);
      await reader.sweep();
    });
    await ending;
    await reader.sweep();
    expect(await stored(bob)).toMatchObject([{ automatic: false }]);
  });

  test('comes too late: it is refused, and one is made', async () => {
    const bob = await db.session('second');
    await bob.acquireLock({ paths: ['second.ts'] });
    await bob.endSession();
    await expect(bob.writeHandoff({ summary: 'mine' })).rejects.toMatchObject({ code: 'unauthenticated' });
    await reader.sweep();
    expect(await stored(bob)).toMatchObject([{ automatic: true }]);
  });

  async function somebodyWaits(): Promise<void> {
    const waiting = () => db.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await waiting()).length).toBeGreaterThan(0);
  }
});
