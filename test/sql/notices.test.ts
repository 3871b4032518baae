import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectId } from '../helpers/callers.ts';
import { cloneDatabase, type TestDatabase, type TestSession } from '../helpers/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

async function notify({ session_id }: TestSession, message: string): Promise<void> {
  await db.sql`
    select coord._notify(s.project_id, s.session_id, jsonb_build_object('kind', 'test', 'message', ${message}::text))
    from coord.sessions s where s.session_id = ${session_id}`;
}

const messagesIn = (answer: { notices?: { message: string }[] | undefined }) =>
  answer.notices?.map(({ message }) => message);

test('a session is told with its next call, once, in the order of events', async () => {
  const [ann, bob] = [await db.session('ann'), await db.session('bob')];
  await notify(ann, 'first');
  await notify(ann, 'second');
  expect(messagesIn(await bob.getTaskBoard())).toBeUndefined();
  const answer = await ann.getTaskBoard();
  expect(messagesIn(answer)).toEqual(['first', 'second']);
  expect(answer.notices?.[0]).toMatchObject({ kind: 'test', happened_at: expect.stringMatching(/T/) });
  expect(messagesIn(await ann.getTaskBoard())).toBeUndefined();
});

test('of many the oldest twenty come first, and the rest with the next calls', async () => {
  const ann = await db.session('ann');
  for (let number = 0; number < 45; number++) await notify(ann, `${number}`);
  const told: (string[] | undefined)[] = [];
  for (let call = 0; call < 4; call++) told.push(messagesIn(await ann.getTaskBoard()));
  expect(told.map((messages) => messages?.length)).toEqual([20, 20, 5, undefined]);
  expect(told.flat().slice(0, 45)).toEqual(Array.from({ length: 45 }, (_, number) => `${number}`));
});

test('an automatic heartbeat, which nobody reads, leaves notices for the next real call', async () => {
  const ann = await db.session('ann', { beats: true });
  await notify(ann, 'forced away');
  for (let beat = 0; beat < 2; beat++) expect(messagesIn(await ann.heartbeat({ automatic: true }))).toBeUndefined();
  expect(messagesIn(await ann.submitWork({ title: 'x' }))).toEqual(['forced away']);
});

test('a repetition with an idempotency key is not told again what the first call heard', async () => {
  const ann = await db.session('ann');
  await notify(ann, 'heard');
  const options = { idempotency_key: 'heard-once' };
  const { notices, ...first } = await ann.submitWork({ title: 'x' }, options);
  expect(notices).toHaveLength(1);
  expect(await ann.submitWork({ title: 'x' }, options)).toEqual(first);
});

test('a call that is refused leaves notices for the next one', async () => {
  const ann = await db.session('ann');
  await notify(ann, 'kept');
  await expect(ann.createKey({ agent: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
  expect(messagesIn(await ann.getTaskBoard())).toEqual(['kept']);
});

test.each(['get_work', 'read_inbox'])('what %s hears while it waits is told with its last answer', async (name) => {
  const ann = await db.session('ann', { project: 'idle' });
  await notify(ann, 'meanwhile');
  const caller = { project_id: await projectId(db, 'idle'), session_id: ann.session_id };
  const ask = (p_wait_seconds: number) => db.database.call(name, { p_caller: caller, p_wait_seconds });
  expect(await ask(2)).not.toHaveProperty('notices');
  expect(await ask(0)).toMatchObject({ notices: [{ message: 'meanwhile' }] });
});
