import { CoordinationError, coordinatorOver, type EventPage } from '@agentcoord/contract';
import { localTransport } from '@agentcoord/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneDatabase, type TestDatabase } from './helpers/database.ts';

const broken = { code: 'unavailable', message: 'The stream broke.', hint: 'Open it again.' } as const;

let db: TestDatabase;
beforeAll(async () => {
  db = await cloneDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('events come page by page, and go on after the cursor of one when the stream breaks', async () => {
  const ann = await db.session('ann');
  const transport = localTransport(db.database, 'test', { agent: 'bob', agent_type: 'test', trust: 2, label: 'bob' });
  const stop = new AbortController();
  let opened = 0;
  const bob = coordinatorOver({
    invoke: transport.invoke,
    async *events(input, options) {
      opened++;
      for await (const page of transport.events?.(input, options) ?? []) {
        yield page;
        if (page.events.length > 0 && opened < 3) throw new CoordinationError(broken);
      }
    },
  });
  const { cursor: after } = await ann.listEvents({ after: 'now' });
  const seen: EventPage[] = [];
  const reading = (async () => {
    for await (const page of bob.events({ after, subject: 'lock:' }, { signal: stop.signal }).pages()) {
      seen.push(page);
      if (seen.flatMap(({ events }) => events).length === 6) stop.abort();
    }
  })();
  for (let index = 0; index < 6; index++) await ann.acquireLock({ paths: [`${index}.ts`] });
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  const subjects = seen.flatMap(({ events }) => events.flatMap((event) => event.subjects));
  expect(subjects).toEqual(Array.from({ length: 6 }, (_, index) => `lock:${index}.ts`));
  for (const { events, cursor } of seen) if (events.length > 0) expect(events.at(-1)?.cursor).toBe(cursor);
});
