import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';
import { call, Racers } from '../helpers/racers.ts';

let db: TestDatabase;
let ann: TestSession;
let bob: TestSession;
let project: string;
let projects = 0;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

beforeEach(async () => {
  project = `races-${++projects}`;
  [ann, bob] = await Promise.all([enter('ann'), enter('bob')]);
});

const enter = (agent: string) => db.session(agent, { project });

const read = async (session: TestSession) => (await session.readInbox()).items.map(({ text }) => text);

test('a message whose transaction commits late is read, though later ones were read before', async () => {
  const late = await db.sql.reserve();
  try {
    await late`begin`;
    await late`select coord._inbox_add(${await projectId(db, project)}, 'ann', null, 'message', '{"text": "late"}', null)`;
    await bob.sendMessage({ text: 'early', to: 'ann' });
    expect(await read(ann)).toEqual(['early']);
    expect(await read(ann)).toEqual([]);
  } finally {
    await late`commit`;
    late.release();
  }
  expect(await read(ann)).toEqual(['late']);
  expect(await read(ann)).toEqual([]);
});

test('calls of one session at the same instant get each item once, and other sessions get all', async () => {
  const other = await enter('ann');
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`);
  for (const text of texts) await bob.sendMessage({ text, to: 'ann' });
  await using racers = await Racers.open(db, 8);
  const caller = { project_id: await projectId(db, project), session_id: ann.session_id };
  const statement = call('read_inbox', { p_caller: caller, p_limit: 7 });
  const answers = await racers.run<{ items: { text: string }[] }>(Array.from({ length: 8 }, () => statement));
  const rest = await read(ann);
  const got = [...answers.flatMap(({ items }) => items.map(({ text }) => text)), ...rest];
  expect(got.sort()).toEqual([...texts].sort());
  expect(await read(other)).toEqual(texts);
});

test('writers and readers at once: each session reads each message exactly once, and floors pass none', async () => {
  const readers = [ann, await enter('ann'), await enter('ann')];
  const writers = await Promise.all(['w1', 'w2', 'w3'].map((name) => enter(name)));
  const heard = new Map(readers.map((reader) => [reader, [] as unknown[]]));
  let writing = true;
  const reading = readers.map(async (reader) => {
    for (let last = false; !last; ) {
      last = !writing;
      heard.get(reader)?.push(...(await read(reader)));
    }
    for (let more = await read(reader); more.length > 0; more = await read(reader)) heard.get(reader)?.push(...more);
  });
  await Promise.all(
    writers.map(async (writer, index) => {
      for (let count = 0; count < 40; count++) {
        const text = `${index}-${count}`;
        await writer.sendMessage(count % 4 === 0 ? { text } : { text, to: 'ann' });
      }
    }),
  );
  writing = false;
  await Promise.all(reading);
  const all = writers.flatMap((_, index) => Array.from({ length: 40 }, (_, count) => `${index}-${count}`)).sort();
  for (const texts of heard.values()) expect(texts.sort()).toEqual(all);
  expect(await db.database.call('count_violations', {})).toMatchObject({ unread_items_below_floors: 0 });
});
