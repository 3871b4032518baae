import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase, type TestSession } from './helpers/database.ts';
import { asks, type Elsewhere, elsewhere } from './helpers/elsewhere.ts';
import { median, timed, untilListening } from './helpers/waiting.ts';

const cleanup = new AsyncDisposableStack();
let db: TestDatabase;
let ann: TestSession;
let other: Elsewhere;

/** Bob waits in connections of his own, as another process does. */
beforeAll(async () => {
  db = cleanup.use(await cloneDatabase());
  ann = await db.session('ann', { trust: 3 });
  other = cleanup.use(elsewhere(db));
  await other.bob.readInbox();
});
afterAll(() => cleanup.disposeAsync());

/** Resolves once Bob's process listens, and has asked again, so that it waits. */
async function untilBobWaits(): Promise<void> {
  const before = asks(other, 'read_inbox');
  await untilListening(db, 1);
  await expect.poll(() => asks(other, 'read_inbox'), { timeout: 5000 }).toBeGreaterThan(before);
}

test('an agent that waits for its inbox has a message within 100 ms, in the median, of its sending', async () => {
  const delays: number[] = [];
  for (let n = 0; n < 15; n++) {
    const waiting = other.bob.readInbox({ wait_seconds: 20 });
    await untilBobWaits();
    const { at } = await timed(ann.sendMessage({ text: `${n}`, to: 'bob' }));
    const { answer, at: heardAt } = await timed(waiting);
    expect(answer.items).toMatchObject([{ text: `${n}` }]);
    delays.push(heardAt - at);
  }
  console.log(`waits for its inbox: median ${median(delays).toFixed(1)} ms, most ${Math.max(...delays).toFixed(1)} ms`);
  expect(median(delays)).toBeLessThan(100);
});

test.each<[string, () => Promise<unknown>, string]>([
  ['a mention', () => ann.createThread({ title: 'x', text: 'x', mentions: ['bob'] }), 'mention'],
  ['a task that is assigned to it', () => ann.submitWork({ title: 'x', assignee: 'bob' }), 'task_assigned'],
  ['a message to all', () => ann.sendMessage({ text: 'x' }), 'message'],
])('an agent that waits for its inbox is woken by %s', async (_, write, kind) => {
  const waiting = other.bob.readInbox({ wait_seconds: 20 });
  await untilBobWaits();
  await write();
  expect((await waiting).items).toMatchObject([{ kind }]);
});

test('an inbox that stays empty is answered when the time is over, and was asked for about once a second', async () => {
  const before = asks(other, 'read_inbox');
  const { answer, seconds } = await timed(other.bob.readInbox({ wait_seconds: 2 }));
  expect(answer).toEqual({ received: false, items: [], more: false });
  expect(seconds).toBeGreaterThan(1.9);
  expect(asks(other, 'read_inbox') - before).toBeLessThanOrEqual(6);
});
