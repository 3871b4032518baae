import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { lapse } from '../helpers/past.ts';
import { stateOf } from '../helpers/state.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let project: string;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** A project of its own for each test, so that no broadcast of another is heard. */
beforeEach(async () => {
  project = `inbox-${++projects}`;
  [ann, bob] = await Promise.all([enter('ann'), enter('bob')]);
});

const enter = (agent: string, beats = false) => db.session(agent, { project, beats });

/** What a session reads, and reads no more afterwards. */
async function read(session: TestSession): Promise<unknown[]> {
  const { received, items } = await session.readInbox();
  expect(received).toBe(items.length > 0);
  return items.map(({ text }) => text);
}

/** Moves an agent's beginning, its sessions and all that was said into the past. */
async function hoursAgo(hours: number): Promise<void> {
  const by = `${hours} hours`;
  const id = await projectId(db, project);
  await db.sql`update coord.agents set created_at = created_at - ${by}::interval where project_id = ${id}`;
  await db.sql`update coord.sessions set started_at = started_at - ${by}::interval where project_id = ${id}`;
  await db.sql`update coord.inbox_items set at = at - ${by}::interval where project_id = ${id}`;
  await db.sql`update coord.inbox_receipts set at = at - ${by}::interval where project_id = ${id}`;
}

describe('a message to an agent', () => {
  test('is read once, by that agent, with who wrote it and when', async () => {
    const { item_id, sessions } = await bob.sendMessage({ text: 'look at a.ts', to: 'ann' });
    expect(sessions).toBe(1);
    expect(await ann.readInbox()).toEqual({
      received: true,
      items: [
        ...[{ item_id, kind: 'message', from: 'bob', to_all: false, text: 'look at a.ts' }].map((item) => ({
          ...item,
          happened_at: expect.stringMatching(/T/),
        })),
      ],
      more: false,
    });
    expect(await read(ann)).toEqual([]);
    expect(await read(bob)).toEqual([]);
  });

  test('is read by each of its sessions, whichever reads first', async () => {
    const subagent = await enter('ann');
    await bob.sendMessage({ text: 'both', to: 'ann' });
    expect(await read(subagent)).toEqual(['both']);
    expect(await read(ann)).toEqual(['both']);
  });

  test('that one session has read is not told to one that begins later; what comes then is told to both', async () => {
    await bob.sendMessage({ text: 'old', to: 'ann' });
    expect(await read(ann)).toEqual(['old']);
    const later = await enter('ann');
    await bob.sendMessage({ text: 'new', to: 'ann' });
    expect(await read(later)).toEqual(['new']);
    expect(await read(ann)).toEqual(['new']);
  });

  test('that the first session reads after a second one began is told to the second one, too', async () => {
    await bob.sendMessage({ text: 'unread', to: 'ann' });
    const second = await enter('ann');
    expect(await read(ann)).toEqual(['unread']);
    expect(await read(second)).toEqual(['unread']);
  });

  test('waits for the next session when the agent died before it had read it', async () => {
    await bob.sendMessage({ text: 'for whoever comes', to: 'ann' });
    await ann.endSession();
    await hoursAgo(24);
    expect(await read(await enter('ann'))).toEqual(['for whoever comes']);
  });

  test('to a second session of the sender reaches that one, and is not told to the sender', async () => {
    const other = await enter('ann');
    await ann.sendMessage({ text: 'to my other self', to: 'ann' });
    expect(await read(ann)).toEqual([]);
    expect(await read(other)).toEqual(['to my other self']);
  });

  test('needs an agent of this project', async () => {
    await db.session('eve', { project: 'elsewhere' });
    for (const to of ['nobody', 'eve']) {
      await expect(ann.sendMessage({ text: 'x', to })).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});

describe('a message to all', () => {
  test('is read by everybody who is here but its sender', async () => {
    expect((await bob.sendMessage({ text: 'hear' })).sessions).toBe(1);
    const sibling = await enter('bob');
    expect(await read(ann)).toEqual(['hear']);
    expect(await read(sibling)).toEqual(['hear']);
    expect(await read(bob)).toEqual([]);
  });

  test('is read by who joins within the hour, and not by who joins later', async () => {
    await bob.sendMessage({ text: 'early' });
    await hoursAgo(0.9);
    const cat = await enter('cat');
    expect(await read(cat)).toEqual(['early']);
    await hoursAgo(0.2);
    expect(await read(await enter('dan'))).toEqual([]);
  });

  test('waits for agents that were here before and have no session now', async () => {
    await ann.endSession();
    await bob.sendMessage({ text: 'while you were away' });
    await hoursAgo(48);
    expect(await read(await enter('ann'))).toEqual(['while you were away']);
    expect(await read(await enter('ann'))).toEqual([]);
  });

  test('stays in its project', async () => {
    const eve = await db.session('ann', { project: `${project}-other` });
    await bob.sendMessage({ text: 'ours' });
    expect(await read(eve)).toEqual([]);
  });
});

describe('an item for one session', () => {
  const add = async (session: TestSession, text: string) =>
    db.sql`select coord._inbox_add(${await projectId(db, project)}, 'ann', ${session.session_id}, 'lock_lost',
      jsonb_build_object('text', ${text}::text), 'a.ts')`;

  test('is not told to others of its agent while that session lives', async () => {
    const other = await enter('ann');
    await add(ann, 'yours');
    expect(await read(other)).toEqual([]);
    expect(await read(ann)).toEqual(['yours']);
    await ann.endSession();
    expect(await read(other)).toEqual([]);
    expect(await read(await enter('ann'))).toEqual([]);
  });

  test('goes to one other session of its agent when that one died before reading, also to one that read since', async () => {
    const [dying, other] = [await enter('ann', true), await enter('ann')];
    await add(dying, 'inherited');
    await bob.sendMessage({ text: 'meanwhile', to: 'ann' });
    expect(await read(other)).toEqual(['meanwhile']);
    await lapse(db, dying);
    expect(await read(other)).toEqual(['inherited']);
    expect(await read(await enter('ann'))).toEqual([]);
  });
});

describe('reading', () => {
  test('with mark_read false shows the same again, until its ids are named', async () => {
    await bob.sendMessage({ text: 'one', to: 'ann' });
    await bob.sendMessage({ text: 'two', to: 'ann' });
    const { items } = await ann.readInbox({ mark_read: false });
    expect((await ann.readInbox({ mark_read: false })).items).toEqual(items);
    const read_item_ids = [String(items[0]?.item_id)];
    expect((await ann.readInbox({ mark_read: false, read_item_ids })).items).toEqual(items.slice(1));
    expect((await ann.readInbox({ mark_read: false, read_item_ids })).items).toEqual(items.slice(1));
  });

  test('cannot mark what is not for the reader', async () => {
    const { item_id } = await ann.sendMessage({ text: 'for bob', to: 'bob' });
    await expect(ann.readInbox({ read_item_ids: [item_id] })).rejects.toMatchObject({
      code: 'not_found',
      message: `read_item_ids: there is no item ${item_id} in your inbox.`,
    });
    expect(await read(bob)).toEqual(['for bob']);
  });

  test('repeated with its idempotency key gives the items whose answer was lost, to that session alone', async () => {
    const other = await enter('ann');
    await bob.sendMessage({ text: 'lost on its way', to: 'ann' });
    const once = { idempotency_key: 'read-1' };
    const lost = await ann.readInbox({}, once);
    expect(lost.items).toMatchObject([{ text: 'lost on its way' }]);
    expect(await ann.readInbox({}, once)).toEqual(lost);
    await expect(other.readInbox({}, once)).rejects.toMatchObject({ code: 'conflict' });
    expect(await read(ann)).toEqual([]);
  });

  test('an empty inbox with an idempotency key may be repeated, and hears what came since', async () => {
    const once = { idempotency_key: 'read-2' };
    expect((await ann.readInbox({}, once)).received).toBe(false);
    await bob.sendMessage({ text: 'later', to: 'ann' });
    expect((await ann.readInbox({}, once)).items).toMatchObject([{ text: 'later' }]);
  });

  test('goes on where the limit ended, the oldest first', async () => {
    for (const text of ['1', '2', '3']) await bob.sendMessage({ text, to: 'ann' });
    const first = await ann.readInbox({ limit: 2 });
    expect([first.items.map(({ text }) => text), first.more]).toEqual([['1', '2'], true]);
    const rest = await ann.readInbox({ limit: 2 });
    expect([rest.items.map(({ text }) => text), rest.more]).toEqual([['3'], false]);
  });

  test('answers about 128 KiB at once, and one item however large', async () => {
    const text = 'x'.repeat(65_536);
    for (let count = 0; count < 4; count++) await bob.sendMessage({ text, to: 'ann' });
    const first = await ann.readInbox();
    expect([first.items.length, first.more]).toEqual([2, true]);
    const rest = await ann.readInbox();
    expect([rest.items.length, rest.more]).toEqual([2, false]);
  });

  test('looks at no item twice, and writes nothing when nothing is unread', async () => {
    await bob.sendMessage({ text: 'all' });
    await bob.sendMessage({ text: 'one', to: 'ann' });
    await read(ann);
    const id = await projectId(db, project);
    // Not before whatever else runs on this server has ended.
    const above = async () => {
      expect(await read(ann)).toEqual([]);
      return db.sql`
        select from coord.inbox_items i join coord.inbox_readers r using (project_id)
        where i.project_id = ${id} and r.session_id = ${ann.session_id} and i.xact_id >= r.floor`;
    };
    await vi.waitUntil(async () => (await above()).length === 0, 10_000);
    const before = await stateOf(db);
    expect(await read(ann)).toEqual([]);
    expect(await stateOf(db)).toEqual(before);
  });
});
