import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('a session that registers is offered three: its own agent first, then those that agents wrote', async () => {
  const project = 'offers';
  const sessions = ['ann', 'bob', 'cat', 'dan'].map((agent) => db.session(agent, { project }));
  const [ann, bob, cat, dan] = (await Promise.all(sessions)) as [TestSession, TestSession, TestSession, TestSession];
  await ann.writeHandoff({ summary: `${'long '.repeat(200)}` });
  for (const session of [bob, cat]) await session.writeHandoff({ summary: 'short' });
  await dan.acquireLock({ paths: ['dan.ts'] });
  await dan.endSession();
  const { handoffs } = await (await db.session('ann', { project })).registerSession();
  expect(handoffs.map(({ agent }) => agent)).toEqual(['cat', 'bob', 'ann']);
  expect(handoffs.at(-1)?.summary).toHaveLength(300);
  const offered = await (await db.session('dan', { project })).registerSession();
  expect(offered.handoffs[0]).toMatchObject({ agent: 'dan', automatic: true, handoff_id: dan.session_id });
  expect((await bob.registerSession()).handoffs.map(({ agent }) => agent)).not.toContain('bob');
});

test('sessions of one agent, however many, do not keep what others left from being offered', async () => {
  const project = 'many offers';
  const [ann, bob] = [await db.session('ann', { project }), await db.session('bob', { project })];
  for (const session of [ann, bob]) await session.writeHandoff({ summary: 'mine' });
  for (let count = 0; count < 15; count++) {
    const eve = await db.session(count % 2 === 0 ? 'eve' : `eve/${count}`, { project });
    await eve.acquireLock({ paths: [`eve-${count}.ts`] });
    await eve.endSession();
    await db.database.call('sweep_projects', {});
  }
  for (const agent of ['ann', 'cat']) {
    const { handoffs } = await (await db.session(agent, { project })).registerSession();
    expect(handoffs.map((handoff) => handoff.agent)).toEqual(['eve', 'bob', 'ann']);
  }
});
