import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { lapse } from '../helpers/past.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

let projects = 0;

/** Two agents who are alone in a project, and have looked around. */
async function pair(): Promise<[TestSession, TestSession]> {
  const project = `pair-${++projects}`;
  const [ann, bob] = [await db.session('ann', { project, trust: 4 }), await db.session('bob', { project })];
  await Promise.all([ann.catchUp(), bob.catchUp()]);
  return [ann, bob];
}

async function claimed(session: TestSession, types?: string[]) {
  const { task, claim_token } = await session.getWork({ types });
  return { task_id: String(task?.task_id), claim_token: Number(claim_token) };
}

describe('catch_up', () => {
  test('tells what others did since the last look, once, and not what the session did itself', async () => {
    const [ann, bob] = await pair();
    await ann.submitWork({ title: 'own' });
    expect((await ann.catchUp()).news).toEqual([]);
    await bob.writeHandoff({ summary: 'Halfway.\nSee the parser.' });
    const { news, since, truncated } = await ann.catchUp();
    expect(news).toEqual([
      expect.stringMatching(/^bob left a handoff: Halfway. See the parser \(read_handoff, \S{36}\)\.$/),
    ]);
    expect([since, truncated]).toEqual([expect.stringMatching(/T/), false]);
    expect((await ann.catchUp()).news).toEqual([]);
  });

  test('tells first what concerns the session: tasks for it, its own tasks, locks around its files', async () => {
    const [ann, bob] = await pair();
    await ann.submitWork({ title: 'of ann', type: 'x' });
    await ann.acquireLock({ paths: ['src/api/server.ts'] });
    await bob.submitWork({ title: 'of bob', type: 'y' });
    await bob.completeWork(await claimed(bob, ['y']));
    await bob.acquireLock({ paths: ['docs/a.md'] });
    await bob.acquireLock({ paths: ['src/api/route.ts', 'src/api/old.ts'], reason: 'new routes' });
    await bob.releaseLock({ paths: ['src/api/old.ts'] });
    await bob.completeWork(await claimed(bob, ['x']));
    await bob.submitWork({ title: 'for ann', assignee: 'ann' });
    expect((await ann.catchUp()).news).toEqual([
      '1 unread in your inbox: read_inbox.',
      '"for ann" is assigned to you: get_work hands it out.',
      expect.stringMatching(/^bob finished your task "of ann" \(task:\S{36}\)\.$/),
      'bob has src/api/route.ts locked: new routes.',
      'bob had src/api/old.ts locked: read it again before you edit there.',
      expect.stringMatching(/^bob finished "of bob"/),
      'Elsewhere others locked 1: docs/ (1).',
    ]);
  });

  test('tells of an inbox that is not read, of approvals to decide, of decisions and threads', async () => {
    const [ann, bob] = await pair();
    await bob.sendMessage({ to: 'ann', text: 'hello' });
    await bob.logDecision({ type: 'architecture', context: 'One queue.', reason: 'Two were lost.' });
    await bob.createThread({ title: 'Where to?', text: 'Say.' });
    const { approval_id } = await bob.requestApproval({ action_type: 'deploy', description: 'To production.' });
    const news = [
      '1 unread in your inbox: read_inbox.',
      `bob asks for approval (deploy, risk medium): To production (approval:${approval_id}).`,
      'bob decided (architecture): One queue. Because: Two were lost.',
      expect.stringMatching(/^bob opened the thread "Where to\?" \(thread:\S{36}\)\.$/),
    ];
    expect((await ann.catchUp()).news).toEqual(news);
    expect((await ann.catchUp()).news).toEqual(news.slice(0, 2));
    await ann.readInbox();
    await ann.decideApproval({ approval_id, decision: 'deny' });
    expect((await ann.catchUp()).news).toEqual([]);
  });

  test('knows files around by folder, tree, glob, and by the paths of claimed tasks', async () => {
    const [ann, bob] = await pair();
    await ann.acquireLock({ paths: ['src/', 'resource:db'] });
    await bob.submitWork({ title: 'scoped', paths: ['lib/deep/a.ts'] });
    await claimed(bob);
    await ann.catchUp();
    await ann.acquireLock({ paths: ['lib/*.md'] });
    await bob.acquireLock({ paths: ['lib/b.ts'] });
    await bob.acquireLock({ paths: ['resource:port'] });
    await bob.submitWork({ title: 'again', paths: ['lib/c.ts'] });
    await claimed(bob);
    expect((await ann.catchUp()).news).toEqual([
      expect.stringContaining('bob has lib/c.ts locked'),
      'bob has lib/b.ts locked.',
      expect.stringContaining('resource:port'),
    ]);
  });

  test('tells of failures, and of those who came, left and died', async () => {
    const [ann, bob] = await pair();
    await ann.submitWork({ title: 'hard', max_attempts: 1 });
    await bob.completeWork({ ...(await claimed(bob)), success: false, error: 'no\nnetwork' });
    const project = `pair-${projects}`;
    const dead = await db.session('dan', { project, beats: true });
    await lapse(db, dead);
    await ann.sweep();
    await bob.endSession();
    expect((await ann.catchUp()).news).toEqual([
      expect.stringMatching(/^Your task "hard" failed: no network/),
      'Came: dan. Died: dan. Left: bob.',
    ]);
  });

  test('loses nothing that commits late, although a look came in between', async () => {
    const [ann, bob] = await pair();
    const cat = await db.session('cat', { project: `pair-${projects}` });
    await ann.catchUp();
    const late = db.sql.begin(async (sql) => {
      await sql`select coord.write_handoff(jsonb_build_object('project_id', s.project_id, 'session_id', s.session_id), 'late')
        from coord.sessions s where s.session_id = ${bob.session_id}`;
      await cat.acquireLock({ paths: ['meanwhile.ts'] });
      const { news } = await ann.catchUp();
      expect(news).toEqual([expect.stringContaining('Elsewhere')]);
    });
    await late;
    expect((await ann.catchUp()).news).toEqual([expect.stringContaining('late')]);
    expect((await ann.catchUp()).news).toEqual([]);
  });

  test('told without a mark, tells the same again', async () => {
    const [ann, bob] = await pair();
    await bob.writeHandoff({ summary: 'x' });
    const told = await ann.catchUp({ mark: false });
    expect(told.news).toHaveLength(1);
    expect(await ann.catchUp()).toEqual(told);
  });

  test('begins for a new session where its agent had looked last, and drains nothing of another session', async () => {
    const [ann, bob] = await pair();
    await bob.writeHandoff({ summary: 'first' });
    const project = `pair-${projects}`;
    const second = await db.session('ann', { project });
    expect((await second.catchUp()).news).toEqual([expect.stringContaining('first')]);
    expect((await ann.catchUp()).news[0]).toContain('first');
    const third = await db.session('ann', { project });
    expect((await third.catchUp()).news).toEqual([]);
  });

  test('looks back a day the first time', async () => {
    const [, bob] = await pair();
    await bob.writeHandoff({ summary: 'today' });
    const eve = await db.session('eve', { project: `pair-${projects}` });
    const { news, since } = await eve.catchUp();
    expect([news[0], since]).toEqual([expect.stringContaining('today'), null]);
  });

  test('stays below 2 KB on a busy day, says how much more there is, and that not all was looked at', async () => {
    const [ann, bob] = await pair();
    await ann.acquireLock({ paths: ['src/a.ts'] });
    for (let index = 0; index < 12; index++) {
      await bob.writeHandoff({ summary: 'word '.repeat(100) });
      await ann.submitWork({ title: `${index} ${'x'.repeat(150)}` });
      await bob.completeWork(await claimed(bob));
      await bob.acquireLock({ paths: [`src/${'y'.repeat(900)}${index}.ts`] });
    }
    const { news } = await ann.catchUp({ mark: false });
    expect(news.join('\n')).toContain('And 8 more like this.');
    expect(Buffer.byteLength(JSON.stringify(await ann.catchUp({ mark: false })))).toBeLessThan(2048);
    await db.sql`insert into coord.journal (project_id, session_id, agent, operation, outcome, resource)
      select project_id, session_id, agent, 'submit_work', 'ok', 'task:' || gen_random_uuid()
      from coord.sessions cross join generate_series(1, 20001) where session_id = ${bob.session_id}`;
    expect((await ann.catchUp()).truncated).toBe(true);
    // Transactions of other tests on the server may keep a look from moving on for a while.
    await expect.poll(async () => (await ann.catchUp()).truncated).toBe(false);
  });
});
