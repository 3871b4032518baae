import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('decisions are listed newest first, with who recorded them, by agent, by type and page by page', async () => {
  const [ann, bob] = [await db.session('ann'), await db.session('bob')];
  const { decision_id } = await ann.logDecision({ type: 'architecture', context: 'one queue', reason: 'simpler' });
  await bob.logDecision({ type: 'dependency', context: 'no ORM', reason: 'SQL is enough' });
  await bob.logDecision({ type: 'architecture', context: 'two queues', reason: 'one was too slow' });
  const contexts = async (filter: Parameters<typeof ann.listDecisions>[0]) =>
    (await ann.listDecisions(filter)).decisions.map(({ context }) => context);
  expect(await contexts({})).toEqual(['two queues', 'no ORM', 'one queue']);
  expect(await contexts({ agent: 'bob' })).toEqual(['two queues', 'no ORM']);
  expect(await contexts({ type: 'architecture' })).toEqual(['two queues', 'one queue']);
  const { next_before } = await ann.listDecisions({ limit: 2 });
  const rest = await ann.listDecisions({ limit: 2, before: String(next_before) });
  expect(rest).toMatchObject({ decisions: [{ decision_id, agent: 'ann', reason: 'simpler' }], next_before: null });
});

test('decisions of another project are not shown', async () => {
  const ann = await db.session('ann', { project: 'ours' });
  const eve = await db.session('eve', { project: 'theirs' });
  await ann.logDecision({ type: 'secret', context: 'x', reason: 'y' });
  expect((await eve.listDecisions()).decisions).toEqual([]);
});
