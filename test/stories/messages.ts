import { expect, test } from 'vitest';
import { refusalOf, type Story } from './story.ts';

/** What every door must let agents say to each other. */
export function tellOfMessages(story: () => Story): void {
  test('a message reaches an agent that waits for it, and is read once', async () => {
    const [ann, bob] = await story().pair();
    await bob.readInbox();
    const waiting = bob.readInbox({ wait_seconds: 30 });
    const { item_id } = await ann.sendMessage({ text: 'line one\nline two: "ü" 漢', to: 'bob' });
    const { received, items } = await waiting;
    expect([received, items]).toMatchObject([true, [{ item_id, kind: 'message', from: 'ann' }]]);
    expect(items[0]?.text).toBe('line one\nline two: "ü" 漢');
    expect(await bob.readInbox()).toMatchObject({ received: false, items: [], more: false });
    expect(await refusalOf(ann.sendMessage({ text: 'x', to: 'nobody' }))).toMatchObject({ code: 'not_found' });
  });

  test('a message to all reaches who comes later, and not other projects', async () => {
    const ann = await story().enter('ann');
    await ann.sendMessage({ text: 'the build is red' });
    const [cat, eve] = await Promise.all([story().enter('cat'), story().enter('eve', { project: 'other' })]);
    expect((await cat.readInbox()).items).toMatchObject([{ text: 'the build is red', from: 'ann', to_all: true }]);
    expect((await eve.readInbox()).items).toEqual([]);
  });

  test('what was shown without marking is shown again until it is marked', async () => {
    const [ann, bob] = await story().pair();
    await bob.readInbox();
    const { item_id } = await ann.sendMessage({ text: 'do not lose me', to: 'bob' });
    for (let times = 0; times < 2; times++) {
      expect((await bob.readInbox({ mark_read: false })).items).toMatchObject([{ item_id }]);
    }
    expect(await bob.readInbox({ read_item_ids: [item_id] })).toMatchObject({ received: false });
  });

  test('a thread is opened, answered, read and resolved; who is mentioned hears of it', async () => {
    const [ann, bob] = await story().pair();
    await bob.readInbox();
    const { thread_id } = await ann.createThread({
      ...{ title: 'names', text: 'camel or snake?', priority: 'high', mentions: ['bob'] },
    });
    expect((await bob.readInbox()).items).toMatchObject([{ kind: 'mention', thread_id, title: 'names' }]);
    expect((await bob.replyToThread({ thread_id, text: 'snake' })).post_number).toBe(2);
    const { thread, posts } = await ann.readThread({ thread_id });
    expect(thread).toMatchObject({ status: 'active', priority: 'high', posts: 2 });
    expect(posts.map(({ text }) => text)).toEqual(['camel or snake?', 'snake']);
    expect(await ann.setThreadStatus({ thread_id, status: 'resolved' })).toMatchObject({ was: 'active' });
    expect(await refusalOf(bob.replyToThread({ thread_id, text: 'but' }))).toMatchObject({
      code: 'conflict',
      details: { reason: 'resolved' },
    });
    expect((await bob.listThreads({ status: 'resolved' })).threads).toMatchObject([{ thread_id, agent: 'ann' }]);
  });

  test('a decision is recorded, and found by whoever asks why', async () => {
    const [ann, bob] = await story().pair();
    const { decision_id } = await ann.logDecision({ type: 'naming', context: 'snake_case', reason: 'as SQL does' });
    expect((await bob.listDecisions({ agent: 'ann', type: 'naming' })).decisions).toMatchObject([
      { decision_id, context: 'snake_case', reason: 'as SQL does' },
    ]);
  });
}
